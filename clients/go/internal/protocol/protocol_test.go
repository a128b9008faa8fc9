package protocol

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// constants has the values by the names of the page, as the page writes them.
var constants = map[string]string{
	"call_deadline":                  seconds(CallDeadline),
	"import_deadline":                seconds(ImportDeadline),
	"run_call_deadline":              seconds(RunCallDeadline),
	"max_receive_bytes":              strconv.Itoa(MaxReceiveBytes),
	"max_metadata_bytes":             strconv.Itoa(MaxMetadataBytes),
	"keepalive_milliseconds":         milliseconds(Keepalive),
	"keepalive_timeout_milliseconds": milliseconds(KeepaliveTimeout),
	"first_reconnect_milliseconds":   milliseconds(FirstReconnect),
	"longest_reconnect_milliseconds": milliseconds(LongestReconnect),
	"connect_milliseconds":           milliseconds(ConnectTimeout),
	"transport_attempts":             strconv.Itoa(TransportAttempts),
	"transport_first_pause":          seconds(TransportFirstPause),
	"transport_longest_pause":        seconds(TransportLongestPause),
	"transport_factor":               strconv.Itoa(TransportFactor),
	"should_stop_attempts":           strconv.Itoa(ShouldStopAttempts),
	"should_stop_pause":              seconds(ShouldStopPause),
	"max_resends":                    strconv.Itoa(MaxResends),
	"longest_retry_after":            seconds(LongestRetryAfter),
	"retry_after_jitter":             number(RetryAfterLeast) + ", " + number(RetryAfterMost),
	"stream_first_pause":             seconds(StreamFirstPause),
	"stream_longest_pause":           seconds(StreamLongestPause),
	"stream_jitter":                  number(StreamLeast) + ", " + number(StreamMost),
	"replica_pause":                  seconds(ReplicaPause),
	"patience":                       seconds(Patience),
	"first_patience":                 seconds(FirstPatience),
	"outage_first_pause":             seconds(OutageFirstPause),
	"outage_longest_pause":           seconds(OutageLongestPause),
	"poll_first_pause":               seconds(PollFirstPause),
	"poll_longest_pause":             seconds(PollLongestPause),
	"stay_longest_pause":             seconds(StayLongestPause),
	"max_brought_bytes":              strconv.Itoa(MaxBroughtBytes),
	"heartbeats_a_lease":             strconv.Itoa(HeartbeatsALease),
	"heartbeat_shortest_pause":       seconds(HeartbeatShortestPause),
	"heartbeat_longest_pause":        seconds(HeartbeatLongestPause),
	"heartbeat_deadline":             seconds(HeartbeatDeadline),
	"heartbeat_failure_pause":        seconds(HeartbeatFailurePause),
	"flush_pause":                    seconds(FlushPause),
	"flush_values":                   strconv.Itoa(FlushValues),
	"report_max_values":              strconv.Itoa(ReportMaxValues),
	"report_max_bytes":               strconv.Itoa(ReportMaxBytes),
	"report_failure_pause":           seconds(ReportFailurePause),
	"silence":                        seconds(Silence),
	"silence_deadline":               seconds(SilenceDeadline),
	"check_deadline":                 seconds(CheckDeadline),
	"check_first_pause":              seconds(CheckFirstPause),
	"check_longest_pause":            seconds(CheckLongestPause),
	"max_quick_failures":             strconv.Itoa(MaxQuickFailures),
	"quick_seconds":                  seconds(QuickWindow),
	"max_initial_failures":           strconv.Itoa(MaxInitialFailures),
	"max_message_characters":         strconv.Itoa(MaxMessageCharacters),
	"max_traceback_characters":       strconv.Itoa(MaxTracebackCharacters),
	"max_metric_name_characters":     strconv.Itoa(MaxMetricNameCharacters),
	"config_max_entries":             strconv.Itoa(ConfigMaxEntries),
	"config_max_bytes":               strconv.Itoa(ConfigMaxBytes),
	"interrupts_to_give_back":        strconv.Itoa(InterruptsToGiveBack),
	"idle_end":                       seconds(IdleEnd),
}

var row = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([0-9., ]+) \\|")

func TestTheConstantsAreThoseOfThePage(t *testing.T) {
	text, err := os.ReadFile("../../../PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	section, _, _ := strings.Cut(string(text), "\n## 2.")
	rows := row.FindAllStringSubmatch(section, -1)
	if len(rows) != len(constants) {
		t.Errorf("the page has %d constants, and this package %d", len(rows), len(constants))
	}
	for _, found := range rows {
		if value := constants[found[1]]; value != strings.TrimSpace(found[2]) {
			t.Errorf("%s is %s on the page, and %q here", found[1], found[2], value)
		}
	}
}

func TestPausesDoubleUpToTheLongest(t *testing.T) {
	pauses := Growing(time.Second, 3*time.Second)
	for _, want := range []time.Duration{1, 2, 3, 3} {
		if got := pauses.Next(); got != want*time.Second {
			t.Errorf("got a pause of %v instead of %d s", got, want)
		}
	}
}

func seconds(d time.Duration) string { return number(d.Seconds()) }

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

func number(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

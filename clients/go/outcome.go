package wanllmdb

import (
	"fmt"
	"strings"
	"unicode/utf8"

	registryv1 "github.com/wanllmdb/sweeps/clients/go/api/registry/v1"
	"github.com/wanllmdb/sweeps/clients/go/internal/protocol"
)

// outcome is how a run ended.
type outcome struct {
	kind outcomeKind
	// message is the reason of a run that was stopped, or the error of one that failed.
	message string
	trace   string
}

type outcomeKind int

const (
	succeeded outcomeKind = iota
	failed
	pruned
	canceled
)

// fill sets the outcome of an end, with texts that the registry accepts.
func (o outcome) fill(end *registryv1.FinishRunRequest) {
	message := cutMessage(o.message)
	switch o.kind {
	case succeeded:
		end.Outcome = &registryv1.FinishRunRequest_Succeeded{Succeeded: &registryv1.RunSucceeded{}}
	case failed:
		end.Outcome = &registryv1.FinishRunRequest_Failed{Failed: &registryv1.RunFailed{
			Error: &registryv1.RunError{Message: message, Traceback: cutTrace(o.trace)},
		}}
	case pruned:
		end.Outcome = &registryv1.FinishRunRequest_Pruned{
			Pruned: &registryv1.RunPruned{Reason: message},
		}
	case canceled:
		end.Outcome = &registryv1.FinishRunRequest_Canceled{
			Canceled: &registryv1.RunCanceled{Reason: message},
		}
	}
}

// sendable returns a text that can be sent and stored.
func sendable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// cutMessage returns the beginning of a text, cut to the length of a message.
func cutMessage(text string) string {
	text = sendable(text)
	excess := utf8.RuneCountInString(text) - protocol.MaxMessageCharacters
	if excess <= 0 {
		return text
	}
	mark := fmt.Sprintf(" ... (%d more characters were cut)", excess)
	return string([]rune(text)[:protocol.MaxMessageCharacters-len(mark)]) + mark
}

// cutTrace returns the end of a text, cut to the length of a stack trace.
func cutTrace(text string) string {
	text = sendable(text)
	excess := utf8.RuneCountInString(text) - protocol.MaxTracebackCharacters
	if excess <= 0 {
		return text
	}
	mark := fmt.Sprintf("(%d characters were cut here) ...\n", excess)
	return mark + string([]rune(text)[excess+len(mark):])
}

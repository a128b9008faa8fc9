package dev.wanllmdb;

import com.google.protobuf.Timestamp;
import dev.wanllmdb.api.registry.v1.MetricRow;
import dev.wanllmdb.internal.Protocol;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Values of one step that are not sent yet. */
final class Row {
    /** Where values belong: summaries of a step are a row of their own. */
    record Key(long step, boolean isSummary) {}

    private static final int BYTES_A_ROW = 32;
    private static final int BYTES_A_VALUE = 16;

    /** Values that always fit one request: a name has at most 800 bytes. */
    private static final int VALUES_A_PIECE = 1_000;

    final Key key;

    /** The place among the rows of a run, by which earlier rows are known from later ones. */
    final long place;

    final Map<String, Double> values = new LinkedHashMap<>();
    private final Instant time;

    private Row(Key key, long place, Instant time) {
        this.key = key;
        this.place = place;
        this.time = time;
    }

    Row(Key key, long place) {
        this(key, place, Instant.now());
    }

    /** Returns the approximate number of bytes. */
    int bytes() {
        int bytes = BYTES_A_ROW;
        for (String name : values.keySet()) {
            bytes += BYTES_A_VALUE + Texts.utf8Length(name);
        }
        return bytes;
    }

    /** Returns the row if it fits one request, else smaller rows of the same step. */
    List<Row> pieces() {
        if (values.size() <= Protocol.REPORT_MAX_VALUES && bytes() <= Protocol.REPORT_MAX_BYTES) {
            return List.of(this);
        }
        List<Row> pieces = new ArrayList<>();
        Row piece = null;
        for (Map.Entry<String, Double> each : values.entrySet()) {
            if (piece == null || piece.values.size() == VALUES_A_PIECE) {
                piece = new Row(key, place, time);
                pieces.add(piece);
            }
            piece.values.put(each.getKey(), each.getValue());
        }
        return pieces;
    }

    MetricRow message() {
        return MetricRow.newBuilder()
                .setStep(key.step())
                .setIsSummary(key.isSummary())
                .setTime(
                        Timestamp.newBuilder()
                                .setSeconds(time.getEpochSecond())
                                .setNanos(time.getNano()))
                .putAllValues(values)
                .build();
    }

    static List<MetricRow> messages(List<Row> rows) {
        return rows.stream().map(Row::message).toList();
    }
}

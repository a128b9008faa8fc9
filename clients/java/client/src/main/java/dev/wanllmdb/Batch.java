package dev.wanllmdb;

import dev.wanllmdb.internal.Protocol;
import java.util.ArrayList;
import java.util.List;

/** Collects rows as long as they fit one request. */
final class Batch {
    final List<Row> rows = new ArrayList<>();
    private int values;
    private int bytes;

    /** Adds a row if it fits, and returns whether it does. */
    boolean add(Row row) {
        int more = row.values.size();
        int moreBytes = row.bytes();
        if (!rows.isEmpty()
                && (values + more > Protocol.REPORT_MAX_VALUES
                        || bytes + moreBytes > Protocol.REPORT_MAX_BYTES)) {
            return false;
        }
        rows.add(row);
        values += more;
        bytes += moreBytes;
        return true;
    }

    int values() {
        return values;
    }

    /** Splits rows into those that each fit one request. */
    static List<List<Row>> of(List<Row> rows) {
        List<List<Row>> found = new ArrayList<>();
        Batch current = new Batch();
        for (Row row : rows) {
            for (Row piece : row.pieces()) {
                if (!current.add(piece)) {
                    found.add(current.rows);
                    current = new Batch();
                    current.add(piece);
                }
            }
        }
        if (!current.rows.isEmpty()) {
            found.add(current.rows);
        }
        return found;
    }
}

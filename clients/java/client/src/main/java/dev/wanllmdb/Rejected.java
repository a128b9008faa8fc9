package dev.wanllmdb;

import dev.wanllmdb.api.registry.v1.FinishRunRequest;
import dev.wanllmdb.api.registry.v1.MetricRow;
import dev.wanllmdb.api.registry.v1.ReportMetricsRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Leaves out of requests what the registry rejects. */
final class Rejected {
    private static final Pattern NAMED_ROW = Pattern.compile("rows\\[(\\d{1,9})\\].*");
    private static final int LONGEST_REASON = 1_000;

    private Rejected() {}

    /** Returns a report with fewer values and another id; empty if none are left. */
    static Optional<ReportMetricsRequest> reduced(
            ReportMetricsRequest request, ServiceException error, Set<String> known) {
        List<MetricRow> rows = thinnedOut(request.getRowsList(), error, known);
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        request.toBuilder()
                                .clearRows()
                                .addAllRows(rows)
                                .setRequestId(Call.newRequestId())
                                .build());
    }

    /**
     * Returns an end with less content and another id: first without the rows at fault, then
     * without the config, then as a failure with the registry's reason; empty if that is rejected,
     * too.
     */
    static Optional<FinishRunRequest> reduced(
            FinishRunRequest end, ServiceException error, Set<String> known) {
        FinishRunRequest.Builder rest = end.toBuilder().setRequestId(Call.newRequestId());
        boolean isOfConfig =
                !error.fields().isEmpty()
                        && error.fields().stream()
                                .allMatch(each -> each.field().startsWith("config"));
        if (end.getRowsCount() > 0 && !isOfConfig) {
            List<MetricRow> rows = thinnedOut(end.getRowsList(), error, known);
            return Optional.of(rest.clearRows().addAllRows(rows).build());
        }
        if (end.getConfigCount() > 0) {
            return Optional.of(rest.clearConfig().build());
        }
        String why = error.getMessage();
        String message =
                Texts.message(
                        "the registry rejected the run's end: "
                                + why.substring(0, Math.min(why.length(), LONGEST_REASON)));
        if (end.getFailed().getError().getMessage().equals(message)) {
            return Optional.empty();
        }
        Outcome.failed(message).fill(rest);
        return Optional.of(rest.build());
    }

    /**
     * Leaves out the rows that an error names, else the metrics that the registry has not accepted
     * before, else all rows.
     */
    private static List<MetricRow> thinnedOut(
            List<MetricRow> rows, ServiceException error, Set<String> known) {
        Set<Integer> named = new HashSet<>();
        for (FieldProblem problem : error.fields()) {
            Matcher found = NAMED_ROW.matcher(problem.field());
            if (found.matches()) {
                named.add(Integer.valueOf(found.group(1)));
            }
        }
        List<MetricRow> kept =
                kept(
                        rows,
                        (index, name) ->
                                named.isEmpty() ? known.contains(name) : !named.contains(index));
        // If all are kept, the rows that were left out before were not at fault.
        return countOf(kept) == countOf(rows) ? List.of() : kept;
    }

    /** Returns the rows with the values that are kept, without rows that have none. */
    static List<MetricRow> kept(List<MetricRow> rows, BiPredicate<Integer, String> keeps) {
        List<MetricRow> found = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            MetricRow row = rows.get(i);
            MetricRow.Builder rest = row.toBuilder().clearValues();
            int index = i;
            row.getValuesMap()
                    .forEach(
                            (name, value) -> {
                                if (keeps.test(index, name)) {
                                    rest.putValues(name, value);
                                }
                            });
            if (rest.getValuesCount() > 0) {
                found.add(rest.build());
            }
        }
        return found;
    }

    private static int countOf(List<MetricRow> rows) {
        return rows.stream().mapToInt(MetricRow::getValuesCount).sum();
    }
}

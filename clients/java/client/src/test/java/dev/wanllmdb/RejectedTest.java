package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import dev.wanllmdb.api.registry.v1.FinishRunRequest;
import dev.wanllmdb.api.registry.v1.MetricRow;
import dev.wanllmdb.api.registry.v1.ReportMetricsRequest;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RejectedTest {
    private static final Set<String> KNOWN = Set.of("loss");

    private static ServiceException naming(String... fields) {
        BadRequest.Builder problems = BadRequest.newBuilder();
        for (String field : fields) {
            problems.addFieldViolationsBuilder().setField(field).setDescription("is wrong");
        }
        return ServiceException.of(
                StatusProto.toStatusRuntimeException(
                        com.google.rpc.Status.newBuilder()
                                .setCode(3)
                                .setMessage("invalid")
                                .addDetails(Any.pack(problems.build()))
                                .build()));
    }

    private static MetricRow row(long step, String... names) {
        MetricRow.Builder row = MetricRow.newBuilder().setStep(step);
        for (String name : names) {
            row.putValues(name, 1.0);
        }
        return row.build();
    }

    private static FinishRunRequest end() {
        FinishRunRequest.Builder end =
                FinishRunRequest.newBuilder()
                        .setRequestId("first")
                        .addRows(row(0, "loss", "odd"))
                        .putConfig("batch", Values.write(16));
        Outcome.of(null, null).orElseThrow().fill(end);
        return end.build();
    }

    @Test
    void leavesOutRowsThatTheErrorNames() {
        ReportMetricsRequest request =
                ReportMetricsRequest.newBuilder()
                        .setRequestId("first")
                        .addRows(row(0, "loss"))
                        .addRows(row(1, "loss"))
                        .build();
        ReportMetricsRequest rest =
                Rejected.reduced(request, naming("rows[1].step"), KNOWN).orElseThrow();
        assertEquals(List.of(row(0, "loss")), rest.getRowsList());
        assertNotEquals("first", rest.getRequestId());
    }

    @Test
    void leavesOutNewMetricsElse() {
        ReportMetricsRequest request =
                ReportMetricsRequest.newBuilder().addRows(row(0, "loss", "odd")).build();
        ReportMetricsRequest rest =
                Rejected.reduced(request, naming(), KNOWN).orElseThrow();
        assertEquals(List.of(row(0, "loss")), rest.getRowsList());
        assertTrue(Rejected.reduced(rest, naming(), KNOWN).isEmpty());
    }

    @Test
    void reducesAnEndStepByStep() {
        FinishRunRequest withoutOdd =
                Rejected.reduced(end(), naming(), KNOWN).orElseThrow();
        assertEquals(Map.of("loss", 1.0), withoutOdd.getRows(0).getValuesMap());
        FinishRunRequest withoutRows =
                Rejected.reduced(withoutOdd, naming(), KNOWN).orElseThrow();
        assertEquals(0, withoutRows.getRowsCount());
        assertTrue(withoutRows.hasSucceeded());
        FinishRunRequest withoutConfig =
                Rejected.reduced(withoutRows, naming(), KNOWN).orElseThrow();
        assertEquals(0, withoutConfig.getConfigCount());
        FinishRunRequest failed =
                Rejected.reduced(withoutConfig, naming(), KNOWN).orElseThrow();
        assertEquals(
                "the registry rejected the run's end: invalid",
                failed.getFailed().getError().getMessage());
        assertTrue(Rejected.reduced(failed, naming(), KNOWN).isEmpty());
    }

    @Test
    void keepsRowsWhenTheConfigIsAtFault() {
        FinishRunRequest rest =
                Rejected.reduced(end(), naming("config.batch"), KNOWN).orElseThrow();
        assertEquals(1, rest.getRowsCount());
        assertFalse(rest.containsConfig("batch"));
    }
}

package dev.wanllmdb;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.wanllmdb.api.registry.v1.ErrorReason;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReasonTest {
    @Test
    void hasTheReasonsOfTheApi() {
        List<String> names =
                Arrays.stream(ErrorReason.values())
                        .map(each -> each.name().replace("ERROR_REASON_", ""))
                        .map(name -> name.equals("UNSPECIFIED") ? "NONE" : name)
                        .toList();
        assertEquals(names, Arrays.stream(Reason.values()).map(Reason::name).toList());
    }

    @Test
    void isUnrecognizedIfTheApiIsNewer() {
        assertEquals(Reason.UNRECOGNIZED, Reason.named("OF_TOMORROW"));
        assertEquals(Reason.NONE, Reason.named(""));
    }
}

package dev.lastbyte.demo.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlowRequestTest {
    @Test
    void parse_withAndWithoutBytes_readsBothNumbers() {
        assertEquals(Optional.of(new SlowRequest(1500, 100)), SlowRequest.parse("/slow/1500"));
        assertEquals(Optional.of(new SlowRequest(0, 0)), SlowRequest.parse("/slow/0?bytes=0"));
        assertEquals(
                Optional.of(new SlowRequest(SlowRequest.MAX_MILLIS, SlowRequest.MAX_BYTES)),
                SlowRequest.parse("/slow/3600000?bytes=1000000000"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/slow/",
                "/slow/-1",
                "/slow/1s",
                "/slow/3600001",
                "/slow/99999999999999999999",
                "/slow/1?bytes=",
                "/slow/1?bytes=1000000001",
                "/slow/1?length=1",
                "/slow/1?bytes=1&bytes=2"
            })
    void parse_otherFormOrOutOfRange_isEmpty(String uri) {
        assertEquals(Optional.empty(), SlowRequest.parse(uri));
    }
}

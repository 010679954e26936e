package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The packaged doctor on the running kernel. */
@Timeout(120)
class DoctorIT {
    @Test
    void doctor_onThisMachine_printsWhatTheKernelSays() throws Exception {
        Path setting = Path.of("/proc/sys/net/ipv4/tcp_fin_timeout");
        assumeTrue(Files.isReadable(setting), "there is no " + setting);
        String seconds = Files.readAllLines(setting).get(0).trim(); // readString reads a byte, and then nothing
        try (DemoProcess doctor = DemoProcess.jar("doctor", "--json")) {
            int code = doctor.await();
            assertTrue(code == 0 || code == 3, doctor::toString);
            assertTrue(
                    doctor.out()
                            .contains("{\"name\":\"net.ipv4.tcp_fin_timeout\",\"values\":[" + seconds + "],\"level\":"),
                    doctor::toString);
            assertEquals(code == 0, doctor.out().contains("\"warnings\":0"), doctor::toString);
            assertEquals("", doctor.err());
        }
    }
}

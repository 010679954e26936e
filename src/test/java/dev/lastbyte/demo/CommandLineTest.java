package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.epoll.Epoll;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What a wrong option answers: exit code 2, and a text that says where, what, and what instead. */
class CommandLineTest {
    @Test
    void serveHelp_saysWhatSigtermDoesAndTheExitCodes() {
        StringWriter help = new StringWriter();
        CommandLine line = LastbyteDemo.commandLine().setOut(new PrintWriter(help, true));
        assertEquals(0, line.execute("serve", "--help"));
        assertTrue(help.toString().contains("SIGTERM and Ctrl-C drain the server"), help::toString);
        assertTrue(help.toString().matches("(?s).*\\R  0   nobody .*\\R  3   somebody .*"), help::toString);
        assertTrue(help.toString().contains("GET /slow/MS"), help::toString);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "help", "lab --help", "serve --help", "doctor --help", "help serve"})
    void help_ofEachCommand_fitsATerminal(String arguments) {
        StringWriter help = new StringWriter();
        CommandLine line = LastbyteDemo.commandLine().setOut(new PrintWriter(help, true));
        assertEquals(0, line.execute(arguments.split(" ")));
        assertTrue(help.toString().lines().count() > 5, help::toString);
        help.toString().lines().forEach(text -> assertTrue(text.length() <= 80, text));
    }

    @Test
    void preferredTransport_isEpollWhereItRuns() {
        assertEquals(Epoll.isAvailable() ? Transport.EPOLL : Transport.NIO, Transport.preferred());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lab --peer nobody                 | --peer: 'nobody' is not a peer; choose from well, chatty",
                "lab --strategy fast               | --strategy: 'fast' is not a strategy; choose from plain",
                "lab --transport carrier-pigeon    | --transport: 'carrier-pigeon' is not a transport; choose from epoll",
                "lab --transport nio,              | --transport: '' is not a transport",
                "lab --size 8X                     | --size",
                "lab --size 0                      | --size: 0B is out of range; choose from 1",
                "lab --size 2g                     | --size: 2GiB is out of range",
                "lab --runs 0                      | --runs: 0 is out of range; choose from 1",
                "lab --runs many                   | '--runs': 'many' is not a whole number",
                "lab --rtt 20                      | '20' is not a duration",
                "lab --rtt 1us                     | --rtt: 1us is out of range; choose from 1ms",
                "lab --json /no/such/place/x.json  | --json: /no/such/place/x.json cannot be written",
                "lab --color pink                  | --color: 'pink' is not a colour choice; choose from auto, always, never",
                "lab --frob                        | Unknown option: '--frob'",
                "serve --strategy so-linger        | --strategy: 'so-linger' is not a strategy",
                "serve --protocol gopher           | --protocol: 'gopher' is not a protocol; choose from http, echo",
                "serve --transport carrier-pigeon  | --transport",
                "serve --port http                 | '--port': 'http' is not a whole number",
                "serve --port 70000                | --port: 70000 is not a port; choose from 0 to 65535",
                "serve --eof-timeout 3             | '3' is not a duration",
                "serve --eof-timeout 0ms           | --eof-timeout: 0 s (expected: 1 ms to 24 h)",
                "serve --discard-rate 5            | --discard-rate: 5 (expected: >= 1024)",
                "serve --discard-rate fast         | 'fast' is not a size",
                "serve --quiet-period 2m --close-timeout 1m | --quiet-period: 2 min (expected: at most closeTimeout, 1 min)",
                "serve --idle-after 0ms            | --idle-after: 0 s (expected: 1 ms to 24 h)",
                "serve --progress-interval 50ms    | --progress-interval: 50 ms (expected: 100 ms to 24 h)",
                "serve --grace-period 30s          | --drain-timeout 30 s is too short: needs at least 31.6 s, a twentieth",
                "serve --close-spread 25s          | --close-spread: 25 s (expected: at most the shorter of gracePeriod",
                "serve --max-blockers 1001         | --max-blockers: 1001 (expected: 0 to 1000)",
                "serve --max-blockers many         | '--max-blockers': 'many' is not a whole number",
                "serve --max-closing 0             | --max-closing: 0 (expected: >= 1)",
                "serve --max-closing-bytes 0       | --max-closing-bytes: 0 (expected: >= 1)",
                "doctor --color pink               | --color: 'pink' is not a colour choice",
                "doctor --frob                     | Unknown option: '--frob'",
                "lab fast                          | 'fast' is not an option of lab; options begin with --",
                "dance                             | 'dance' is not a command; choose from lab, serve, doctor",
            })
    void execute_wrongOption_saysWhatAndExitsWithTwo(String arguments, String expected) {
        StringWriter errors = new StringWriter();
        CommandLine line = LastbyteDemo.commandLine().setErr(new PrintWriter(errors, true));
        assertEquals(2, line.execute(arguments.trim().split(" +")));
        assertTrue(errors.toString().contains(expected), errors::toString);
        assertTrue(errors.toString().contains("--help"), errors::toString);
    }
}

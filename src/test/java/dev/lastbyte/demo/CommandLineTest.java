package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** What a wrong option answers: exit code 2, and a text that says where, what, and what instead. */
class CommandLineTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "lab --peer nobody                 | --peer: 'nobody' is not a peer; choose from well, chatty",
                "lab --strategy fast               | --strategy: 'fast' is not a strategy; choose from plain",
                "lab --transport carrier-pigeon    | --transport: 'carrier-pigeon' is not a transport; choose from nio",
                "lab --transport nio,              | --transport: '' is not a transport",
                "lab --size 8X                     | --size",
                "lab --size 0                      | --size: 0B is out of range; choose from 1",
                "lab --size 2g                     | --size: 2GiB is out of range",
                "lab --runs 0                      | --runs: 0 is out of range; choose from 1",
                "lab --runs many                   | --runs",
                "lab --rtt 20                      | '20' is not a duration",
                "lab --rtt 1us                     | --rtt: 1us is out of range; choose from 1ms",
                "lab --json /no/such/place/x.json  | --json: /no/such/place/x.json cannot be written",
                "lab --color pink                  | --color: 'pink' is not a colour choice; choose from auto, always, never",
                "lab --frob                        | Unknown option: '--frob'",
                "serve --strategy so-linger        | --strategy: 'so-linger' is not a strategy",
                "serve --protocol gopher           | --protocol: 'gopher' is not a protocol; choose from http, echo",
                "serve --transport carrier-pigeon  | --transport",
                "serve --port 70000                | --port: 70000 is not a port; choose from 0 to 65535",
                "serve --eof-timeout 3             | '3' is not a duration",
                "serve --eof-timeout 0ms           | --eof-timeout: PT0S (expected: PT0.001S to PT24H)",
                "serve --discard-rate 5            | --discard-rate: 5 (expected: >= 1024)",
                "serve --discard-rate fast         | 'fast' is not a size",
                "serve --quiet-period 2m --close-timeout 1m | --quiet-period: PT2M (expected: at most closeTimeout",
                "dance                             | Unmatched argument",
            })
    void execute_wrongOption_saysWhatAndExitsWithTwo(String arguments, String expected) {
        StringWriter errors = new StringWriter();
        CommandLine line = LastbyteDemo.commandLine().setErr(new PrintWriter(errors, true));
        assertEquals(2, line.execute(arguments.trim().split(" +")));
        assertTrue(errors.toString().contains(expected), errors::toString);
        assertTrue(errors.toString().contains("--help"), errors::toString);
    }
}

package dev.lastbyte.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** The benches' main class: each command measures one table of docs/performance.md. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "What Lastbyte costs. Each command measures one table, everything it compares in one run.",
        subcommands = {
            HelpCommand.class,
            AllCommand.class,
            StartUp.class,
            IdleHandler.class,
            EchoThroughput.class,
            EchoClient.class,
            Registry.class,
            CloseRateCommand.class,
            CloseServerCommand.class,
            ServersCommand.class,
            SilentPeerCommand.class,
            LingerCommand.class,
            ClosingBench.class,
            ClosingServer.class,
            DrainBench.class,
            DrainServer.class,
            DiscardBench.class,
            DiscardServer.class,
            TruncateBench.class,
            ScaleBench.class,
            ScaleServer.class
        })
public final class Bench {
    private Bench() {}

    /** Runs a command; the process's exit code is 0, 1 for a failure, 2 for a wrong option. A missed target is no failure. */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments.length == 0 ? new String[] {"--help"} : arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Bench()).setCaseInsensitiveEnumValuesAllowed(true);
    }
}

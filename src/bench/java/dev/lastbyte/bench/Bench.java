package dev.lastbyte.bench;

import dev.lastbyte.bench.close.CloseRateCommand;
import dev.lastbyte.bench.close.LingerCommand;
import dev.lastbyte.bench.close.ServersCommand;
import dev.lastbyte.bench.close.SilentPeerCommand;
import dev.lastbyte.bench.discard.DiscardCommand;
import dev.lastbyte.bench.drain.ClosingCommand;
import dev.lastbyte.bench.drain.DrainCommand;
import dev.lastbyte.bench.drain.ScaleCommand;
import dev.lastbyte.bench.open.EchoCommand;
import dev.lastbyte.bench.open.IdleHandlerCommand;
import dev.lastbyte.bench.open.RegistryCommand;
import dev.lastbyte.bench.open.StartUpCommand;
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
            StartUpCommand.class,
            IdleHandlerCommand.class,
            EchoCommand.class,
            RegistryCommand.class,
            CloseRateCommand.class,
            ServersCommand.class,
            SilentPeerCommand.class,
            LingerCommand.class,
            ClosingCommand.class,
            DrainCommand.class,
            ScaleCommand.class,
            DiscardCommand.class
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

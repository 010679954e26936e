package dev.lastbyte.demo;

import dev.lastbyte.demo.doctor.DoctorCommand;
import dev.lastbyte.demo.lab.LabCommand;
import dev.lastbyte.demo.lab.peer.LabPeersCommand;
import dev.lastbyte.demo.lab.server.LabServerCommand;
import dev.lastbyte.demo.serve.ServeCommand;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The demo's main class: chooses between {@code lab}, the default, {@code serve} and {@code doctor}. */
@Command(
        name = "lastbyte-demo",
        mixinStandardHelpOptions = true,
        versionProvider = DemoVersion.class,
        description = "Graceful close for Netty, to see and to try. Without a command it runs the lab.",
        subcommands = {
            LabCommand.class,
            ServeCommand.class,
            DoctorCommand.class,
            CommandLine.HelpCommand.class,
            LabServerCommand.class,
            LabPeersCommand.class
        })
public final class LastbyteDemo {
    private LastbyteDemo() {}

    /** Runs a command; the process's exit code is 0, 1 for a failure, 2 for a wrong option. */
    public static void main(String[] arguments) {
        int code = commandLine().execute(arguments.length == 0 ? new String[] {"lab"} : arguments);
        // returning normally keeps a Maven that runs us alive
        if (code != 0) {
            System.exit(code);
        }
    }

    static CommandLine commandLine() {
        return new CommandLine(new LastbyteDemo())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(LastbyteDemo::explain)
                .setExecutionExceptionHandler(LastbyteDemo::fail);
    }

    /** A wrong option: what is wrong and where to read on, not the whole help. */
    private static int explain(ParameterException wrong, String[] arguments) {
        CommandLine line = wrong.getCommandLine();
        line.getErr().println(problem(wrong, line));
        line.getErr().println("Try '" + line.getCommandSpec().qualifiedName() + " --help'.");
        return line.getCommandSpec().exitCodeOnInvalidInput();
    }

    private static String problem(ParameterException wrong, CommandLine line) {
        if (wrong instanceof UnmatchedArgumentException unmatched && !unmatched.isUnknownOption()) {
            String word = "'" + unmatched.getUnmatched().get(0) + "'";
            return line.getParent() == null
                    ? word + " is not a command; choose from lab, serve, doctor"
                    : word + " is not an option of " + line.getCommandName() + "; options begin with --";
        }
        return String.valueOf(wrong.getMessage());
    }

    private static int fail(Exception failure, CommandLine line, CommandLine.ParseResult parsed) {
        String what = failure instanceof IOException ? failure.getMessage() : failure.toString();
        line.getErr().println(line.getCommandSpec().qualifiedName() + ": " + what);
        return line.getCommandSpec().exitCodeOnExecutionException();
    }
}

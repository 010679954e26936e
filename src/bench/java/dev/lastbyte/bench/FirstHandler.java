package dev.lastbyte.bench;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.GracefulCloseManager;
import io.netty.channel.ChannelPipeline;
import java.util.function.Consumer;

/** What stands first in the pipelines that a bench compares. Immutable. */
enum FirstHandler {
    NONE("plain Netty"),
    HANDLER("GracefulCloseHandler"),
    MANAGED("GracefulCloseManager");

    private final String label;

    FirstHandler(String label) {
        this.label = label;
    }

    /** The name in tables. */
    String label() {
        return label;
    }

    /** Puts it into pipelines, of one manager where there is one. */
    Consumer<ChannelPipeline> installer() {
        return switch (this) {
            case NONE -> pipeline -> {};
            case HANDLER -> pipeline -> pipeline.addFirst(new GracefulCloseHandler());
            case MANAGED -> {
                GracefulCloseManager manager = GracefulCloseManager.create();
                yield pipeline -> pipeline.addFirst(manager.newHandler());
            }
        };
    }

    @Override
    public String toString() {
        return label;
    }
}

package dev.lastbyte.bench.netty;

import dev.lastbyte.GracefulCloseHandler;
import dev.lastbyte.drain.GracefulCloseManager;
import dev.lastbyte.micrometer.LastbyteMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import java.util.List;
import java.util.function.Consumer;

/** With or without Lastbyte, at its defaults: what a bench compares. Immutable. */
public enum Setup {
    /** Netty's own {@code close()}. */
    PLAIN("plain Netty"),
    /** A {@link GracefulCloseHandler} first in each pipeline. */
    HANDLER("GracefulCloseHandler"),
    /** The handlers of one {@link GracefulCloseManager}, as a server that drains has them. */
    MANAGER("GracefulCloseManager"),
    /** The same with its metrics bound to a registry for Prometheus, and no recording of Flight Recorder. */
    METERED("GracefulCloseManager, metered");

    private final String label;

    Setup(String label) {
        this.label = label;
    }

    /** Those without metrics, for tables of what metrics do not touch. */
    public static List<Setup> unmetered() {
        return List.of(PLAIN, HANDLER, MANAGER);
    }

    /** The name in tables. */
    public String label() {
        return label;
    }

    /** Puts the handler, if any, into pipelines. */
    public Consumer<ChannelPipeline> installer() {
        return switch (this) {
            case PLAIN -> pipeline -> {};
            case HANDLER -> pipeline -> pipeline.addFirst(new GracefulCloseHandler());
            case MANAGER -> {
                GracefulCloseManager manager = GracefulCloseManager.create();
                yield pipeline -> pipeline.addFirst(manager.newHandler());
            }
            case METERED -> {
                GracefulCloseManager manager = metered();
                yield pipeline -> pipeline.addFirst(manager.newHandler());
            }
        };
    }

    /** A server's child handler: the handler, if any, and what {@code initializer} adds. */
    public ChannelHandler childHandler(Consumer<Channel> initializer) {
        if (this == MANAGER || this == METERED) {
            GracefulCloseManager manager = this == METERED ? metered() : GracefulCloseManager.create();
            return manager.childHandler(initializing(pipeline -> {}, initializer));
        }
        return initializing(installer(), initializer);
    }

    private static GracefulCloseManager metered() {
        GracefulCloseManager manager = GracefulCloseManager.create();
        new LastbyteMetrics(manager).bindTo(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
        return manager;
    }

    private static ChannelHandler initializing(Consumer<ChannelPipeline> installer, Consumer<Channel> initializer) {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                installer.accept(channel.pipeline());
                initializer.accept(channel);
            }
        };
    }

    @Override
    public String toString() {
        return label;
    }
}

package dev.lastbyte.testing;

import dev.lastbyte.http2.Http2FarewellHandler;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import io.netty.handler.codec.http2.CleartextHttp2ServerUpgradeHandler;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2ServerUpgradeCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslHandler;
import java.util.ArrayList;
import java.util.List;

/** The ways in which a connection becomes one of HTTP/2, each with its farewell. Stateless. */
public final class Http2Pipelines {
    private static final int UPGRADE_BYTES = 1 << 16;

    private Http2Pipelines() {}

    /** ALPN behind TLS; without it prior knowledge, or an upgrade from HTTP/1.1. */
    public static void add(Channel channel, Runnable onRequest) {
        if (channel.pipeline().get(SslHandler.class) != null) {
            channel.pipeline().addLast(new Alpn(onRequest));
            return;
        }
        HttpServerCodec http1 = new HttpServerCodec();
        HttpServerUpgradeHandler upgrade =
                new HttpServerUpgradeHandler(http1, protocol -> upgradeCodec(onRequest), UPGRADE_BYTES);
        channel.pipeline()
                .addLast(new CleartextHttp2ServerUpgradeHandler(http1, upgrade, new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel priorKnowledge) {
                        addHttp2(priorKnowledge.pipeline(), onRequest);
                    }
                }));
    }

    private static Http2ServerUpgradeCodec upgradeCodec(Runnable onRequest) {
        List<ChannelHandler> behind = new ArrayList<>(List.of(new Http2FarewellHandler()));
        behind.addAll(Http2Answers.MULTIPLEX.newHandlers(onRequest));
        behind.add(Http2Answers.newResetSink());
        return new Http2ServerUpgradeCodec(
                (Http2FrameCodec) Http2Answers.MULTIPLEX.newCodec(onRequest), behind.toArray(ChannelHandler[]::new));
    }

    private static void addHttp2(ChannelPipeline pipeline, Runnable onRequest) {
        pipeline.addLast(Http2Answers.MULTIPLEX.newCodec(onRequest), new Http2FarewellHandler());
        Http2Answers.MULTIPLEX.newHandlers(onRequest).forEach(pipeline::addLast);
        pipeline.addLast(Http2Answers.newResetSink());
    }

    private static final class Alpn extends ApplicationProtocolNegotiationHandler {
        private final Runnable onRequest;

        Alpn(Runnable onRequest) {
            super(ApplicationProtocolNames.HTTP_1_1);
            this.onRequest = onRequest;
        }

        @Override
        protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
            if (!ApplicationProtocolNames.HTTP_2.equals(protocol)) {
                throw new IllegalStateException("the client does not speak HTTP/2 but " + protocol);
            }
            addHttp2(ctx.pipeline(), onRequest);
        }
    }
}

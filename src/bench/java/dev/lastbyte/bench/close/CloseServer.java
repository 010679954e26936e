package dev.lastbyte.bench.close;

import dev.lastbyte.bench.netty.LoopbackServer;
import dev.lastbyte.bench.netty.Setup;
import dev.lastbyte.bench.process.ChildProgram;
import dev.lastbyte.demo.Transport;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.CharsetUtil;

/** The program of a {@link NettyServer}: answers each connection once and closes it, on one event loop. Stateless. */
final class CloseServer {
    private CloseServer() {}

    /** Takes the transport, the {@link Setup}, and whether there is an HTTP codec. */
    public static void main(String[] arguments) {
        Transport transport = Transport.valueOf(arguments[0]);
        Setup setup = Setup.valueOf(arguments[1]);
        boolean codec = Boolean.parseBoolean(arguments[2]);
        ChildProgram.run(() -> {
            try (LoopbackServer server = new LoopbackServer(transport, 1)) {
                Channel listener = server.listen(setup.childHandler(channel -> initialize(channel, codec)));
                ChildProgram.say("listening " + LoopbackServer.port(listener));
                ChildProgram.awaitEnd();
            }
        });
    }

    private static void initialize(Channel channel, boolean codec) {
        if (codec) {
            channel.pipeline().addLast(new HttpServerCodec(), new HttpAnswer());
        } else {
            channel.pipeline().addLast(new FixedAnswer());
        }
    }

    /** Answers a request with the same body as {@link FixedAnswer}, and closes. */
    private static final class HttpAnswer extends SimpleChannelInboundHandler<HttpObject> {
        private static final ByteBuf BODY = Unpooled.unreleasableBuffer(Unpooled.directBuffer(FixedAnswer.BODY_BYTES)
                .writeBytes(FixedAnswer.body().getBytes(CharsetUtil.US_ASCII))
                .asReadOnly());

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
            if (message instanceof LastHttpContent) {
                FullHttpResponse response =
                        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, BODY.duplicate());
                response.headers()
                        .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.TEXT_PLAIN)
                        .setInt(HttpHeaderNames.CONTENT_LENGTH, FixedAnswer.BODY_BYTES)
                        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
                ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
            }
        }
    }
}

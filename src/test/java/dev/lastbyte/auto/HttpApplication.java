package dev.lastbyte.auto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;

/**
 * Answers {@code /now} inside the call, {@code /hold} when the server is told to, and {@code /parts} half inside the call and half then. Keeps
 * the user events that it hears. Confined to the channel's event loop.
 */
final class HttpApplication extends SimpleChannelInboundHandler<FullHttpRequest> {
    static final String BODY = "written";

    private final FarewellServer server;

    HttpApplication(FarewellServer server) {
        this.server = server;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
        boolean head = request.method().equals(HttpMethod.HEAD);
        switch (request.uri()) {
            case "/now" -> ctx.writeAndFlush(full(head));
            case "/hold" -> server.hold(ctx.channel(), () -> ctx.writeAndFlush(full(head)));
            case "/parts" -> parts(ctx);
            default -> throw new IllegalArgumentException(request.uri());
        }
    }

    private static FullHttpResponse full(boolean head) {
        FullHttpResponse response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.OK, head ? Unpooled.EMPTY_BUFFER : bytes(BODY));
        HttpUtil.setContentLength(response, BODY.length());
        return response;
    }

    private void parts(ChannelHandlerContext ctx) {
        HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        HttpUtil.setTransferEncodingChunked(head, true);
        ctx.write(head);
        ctx.writeAndFlush(new DefaultHttpContent(bytes(BODY.substring(0, 3))));
        server.hold(ctx.channel(), () -> ctx.writeAndFlush(new DefaultLastHttpContent(bytes(BODY.substring(3)))));
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, US_ASCII);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        server.events.add(event);
        ctx.fireUserEventTriggered(event);
    }
}

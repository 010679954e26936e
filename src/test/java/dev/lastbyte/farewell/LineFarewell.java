package dev.lastbyte.farewell;

import io.netty.channel.ChannelHandlerContext;

/** The worked example of docs/protocols.md. Immutable. */
final class LineFarewell implements Farewell {
    @Override
    public String protocol() {
        return "line";
    }

    @Override
    public boolean say(ChannelHandlerContext ctx) {
        ctx.writeAndFlush("BYE\n");
        return true; // and wait for the answer
    }

    @Override
    public boolean isAnswer(Object message) {
        return message.equals("OK");
    }
}

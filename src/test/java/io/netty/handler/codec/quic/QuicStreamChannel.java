package io.netty.handler.codec.quic;

import io.netty.channel.Channel;

/** Stands in for the interface of that name, which is not on the class path of the tests. */
public interface QuicStreamChannel extends Channel {}

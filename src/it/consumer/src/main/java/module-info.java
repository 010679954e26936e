module consumer {
    requires dev.lastbyte;
    requires io.netty.codec.http;
    requires io.netty.transport.classes.epoll;
}

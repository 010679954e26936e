package dev.lastbyte.websocket;

import dev.lastbyte.testing.WebSocketPeer.Frame;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Clients of {@link WebSocketServerChild} as a process: say when they are under way, and how each has ended. Stateless. */
final class WebSocketClientsChild {
    private WebSocketClientsChild() {}

    public static void main(String[] arguments) throws Exception {
        InetSocketAddress server = new InetSocketAddress(arguments[0], Integer.parseInt(arguments[1]));
        List<WebSocketClient> clients = new ArrayList<>();
        for (int i = 0; i < Integer.parseInt(arguments[2]); i++) {
            clients.add(new WebSocketClient(server));
        }
        for (WebSocketClient client : clients) {
            client.awaitTraffic();
        }
        System.out.println("running now");
        int clean = 0;
        String problem = "none";
        for (WebSocketClient client : clients) {
            client.join();
            Frame close = client.closeFrame();
            String wrong = client.problem();
            if (wrong == null && close != null && close.status() == 1012) {
                clean++;
            } else {
                problem = client.toString();
            }
        }
        System.out.println("clean " + clean + " " + problem);
    }
}

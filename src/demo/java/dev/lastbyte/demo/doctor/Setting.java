package dev.lastbyte.demo.doctor;

import dev.lastbyte.demo.doctor.Finding.Verdict;
import java.util.OptionalLong;

/**
 * The kernel's settings that matter to closing, in the order in which a connection meets them. The measurements behind the limits
 * are in docs/tcp.md. Immutable.
 */
enum Setting {
    TCP_FIN_TIMEOUT("net.ipv4.tcp_fin_timeout", 1) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            String kept =
                    "a closed connection whose bytes are all acknowledged waits " + value[0] + " s for the peer's FIN";
            if (value[0] < 10) {
                return Verdict.note(
                        kept + ": a peer that takes longer to read gets a reset for its next byte; set 10 to 60");
            }
            return value[0] > 120 ? Verdict.note(kept + ", long for nothing that can still be lost") : Verdict.ok(kept);
        }
    },
    TCP_ORPHAN_RETRIES("net.ipv4.tcp_orphan_retries", 1) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            long tries = value[0] == 0 ? 8 : value[0];
            String given =
                    "unacknowledged bytes of a closed connection are given up after " + tries + " unanswered tries";
            if (tries < 4) {
                return Verdict.warn(
                        given + ", with 1 after less than 2 s: slow readers lose the rest; set 0, which means 8");
            }
            return tries > 8
                    ? Verdict.note(given + ": a peer that is gone holds its memory for long")
                    : Verdict.ok(given);
        }
    },
    TCP_MAX_ORPHANS("net.ipv4.tcp_max_orphans", 1) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            long now = proc.counter("TCP.orphan").orElse(0);
            long aborted = proc.counter("TcpExt.TCPAbortOnMemory").orElse(0);
            String above = "above " + value[0] + " closed connections with bytes unacknowledged (now " + now
                    + ") the kernel resets them";
            if (aborted > 0) {
                return Verdict.note(above + "; it has done so, or ran out of memory, " + aborted
                        + " times since it started (TCPAbortOnMemory): send less ahead, or raise it");
            }
            // the kernel counts an orphan that makes no progress twice or four times
            return now * 4 > value[0]
                    ? Verdict.warn(above + ": more than a quarter is in use; raise it")
                    : Verdict.ok(above);
        }
    },
    TCP_MAX_TW_BUCKETS("net.ipv4.tcp_max_tw_buckets", 1) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            long now = proc.counter("TCP.tw").orElse(0);
            String text = "at most " + value[0] + " ended connections are remembered (now " + now + ")";
            return now * 10 >= value[0] * 9
                    ? Verdict.note(text
                            + ": the rest is forgotten, which loses no byte but answers late segments with a reset")
                    : Verdict.ok(text);
        }
    },
    TCP_TW_REUSE("net.ipv4.tcp_tw_reuse", 1) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            String[] meanings = {"never", "for every peer", "on loopback"};
            String meaning =
                    value[0] >= 0 && value[0] < meanings.length ? meanings[(int) value[0]] : "in a way unknown here";
            return Verdict.ok("new outgoing connections take over ended ones after a second " + meaning
                    + "; of no matter to a server");
        }
    },
    TCP_ABORT_ON_OVERFLOW("net.ipv4.tcp_abort_on_overflow", 1) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            return value[0] == 0
                    ? Verdict.ok("a client that finds the accept queue full tries again")
                    : Verdict.warn("a client that finds the accept queue full is reset instead of trying again; set 0");
        }
    },
    SOMAXCONN("net.core.somaxconn", 1) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            long overflows = proc.counter("TcpExt.ListenOverflows").orElse(0);
            String text = "an accept queue holds at most " + value[0] + " connections";
            if (overflows > 0) {
                return Verdict.note(text + "; " + overflows
                        + " connections found one full (ListenOverflows): raise it and the listener's SO_BACKLOG");
            }
            return value[0] < 128
                    ? Verdict.warn(text + ": a short pause of the server fills it; set 4096")
                    : Verdict.ok(text);
        }
    },
    TCP_MIGRATE_REQ("net.ipv4.tcp_migrate_req", 1) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            return value[0] == 0
                    ? Verdict.note(
                            "handshakes do not move to the next process that listens on the port (SO_REUSEPORT) when"
                                    + " one stops; set 1 if you restart that way")
                    : Verdict.ok("handshakes move to the next process that listens on the port when one stops");
        }
    },
    TCP_RETRIES2("net.ipv4.tcp_retries2", 1) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            String text = "an open connection to a peer that is gone is given up after " + value[0] + " tries";
            return value[0] < 8
                    ? Verdict.warn(text + ", less than the 100 s that RFC 1122 asks for; set 8 to 15")
                    : Verdict.ok(text + "; TCP_USER_TIMEOUT bounds it for one connection");
        }
    },
    TCP_WMEM("net.ipv4.tcp_wmem", 3) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            String text =
                    "a peer that does not read holds up to " + ProcFiles.memory(value[2]) + " of the kernel's memory";
            OptionalLong page = proc.pageBytes();
            OptionalLong all = proc.setting("net.ipv4.tcp_mem").filter(mem -> mem.length == 3).stream()
                    .mapToLong(mem -> mem[2])
                    .findFirst();
            if (all.isEmpty() || page.isEmpty()) {
                return Verdict.ok(text);
            }
            long peers = all.getAsLong() * page.getAsLong() / Math.max(1, value[2]);
            String many = text + "; " + peers + " such peers fill tcp_mem";
            return peers < 100
                    ? Verdict.warn(many + ": lower the third value, or limit what is in flight")
                    : Verdict.ok(many);
        }
    },
    TCP_RMEM("net.ipv4.tcp_rmem", 3) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            return Verdict.ok("input that nobody reads takes up to " + ProcFiles.memory(value[2])
                    + " per connection; at close() it turns into a reset");
        }
    },
    TCP_MEM("net.ipv4.tcp_mem", 3) {
        @Override
        Verdict judge(long[] value, ProcFiles proc) {
            OptionalLong pages = proc.counter("TCP.mem");
            String text =
                    "TCP may use " + proc.pages(value[2]) + " in all, and saves from " + proc.pages(value[1]) + " on";
            if (pages.isEmpty()) {
                return Verdict.ok(text);
            }
            String now = text + "; now " + proc.pages(pages.getAsLong());
            return pages.getAsLong() >= value[1]
                    ? Verdict.warn(now + ": closing connections are reset when it is full; find who does not read")
                    : Verdict.ok(now);
        }
    };

    private final String key;
    private final int numbers;

    Setting(String key, int numbers) {
        this.key = key;
        this.numbers = numbers;
    }

    String key() {
        return key;
    }

    /** Reads the setting and says what it means. */
    Finding examine(ProcFiles proc) {
        return proc.setting(key)
                .filter(values -> values.length == numbers)
                .map(values -> Finding.of(key, values, judge(values, proc)))
                .orElseGet(() -> Finding.unknown(key));
    }

    abstract Verdict judge(long[] value, ProcFiles proc);
}

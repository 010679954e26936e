package dev.lastbyte.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.EmbeddedDuplexChannel;
import dev.lastbyte.testing.FrozenSystem;
import dev.lastbyte.testing.NoWarnings;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The timers that all closes, open connections and looks of an event loop share. */
class LoopTimerTest {
    private static final long MILLIS = 1_000_000;

    private final FrozenSystem system = new FrozenSystem();
    private final EmbeddedDuplexChannel channel = new EmbeddedDuplexChannel();
    private final List<Wish> woken = new ArrayList<>();

    /** Something that wants to be woken at a moment. */
    private class Wish extends LoopTimer.Entry {
        private final long due;
        private final LoopTimer.Pace pace;
        private Runnable then = () -> {};

        Wish(long millis) {
            this(millis, LoopTimer.Pace.CLOSES);
        }

        Wish(long millis, LoopTimer.Pace pace) {
            due = system.nanoTime() + millis * MILLIS;
            this.pace = pace;
        }

        @Override
        public LoopTimer.Pace pace() {
            return pace;
        }

        Wish arm() {
            LoopTimer.arm(this, due, channel.eventLoop(), system);
            return this;
        }

        @Override
        public void onDue(long nanos) {
            assertTrue(due - system.nanoTime() <= 0, "too early");
            woken.add(this);
            then.run();
        }
    }

    @Test
    void many_areWokenInTheOrderOfTheirMoments_exceptThoseThatWereCancelled() {
        for (int seed = 0; seed < 50; seed++) {
            woken.clear();
            Random random = new Random(seed);
            List<Wish> waiting = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                waiting.add(new Wish(random.nextInt(100)).arm());
                if (random.nextInt(3) == 0) {
                    LoopTimer.cancel(waiting.remove(random.nextInt(waiting.size())));
                }
            }
            system.pass(channel, 200);
            waiting.sort(Comparator.comparingLong(wish -> wish.due));
            assertEquals(
                    waiting.stream().map(wish -> wish.due).toList(),
                    woken.stream().map(wish -> wish.due).toList(),
                    "seed " + seed);
        }
    }

    @Test
    void earlierMoment_isTaken_laterOneIsNot() {
        Wish wish = new Wish(50).arm();
        LoopTimer.arm(wish, wish.due + 100 * MILLIS, channel.eventLoop(), system);
        system.pass(channel, 60);
        assertEquals(List.of(wish), woken);
        system.pass(channel, 200);
        assertEquals(List.of(wish), woken);
    }

    @Test
    void wakingOne_mayArmAndCancelOthers() {
        Wish later = new Wish(30);
        Wish never = new Wish(20).arm();
        Wish first = new Wish(10);
        first.then = () -> {
            LoopTimer.cancel(never);
            later.arm();
        };
        first.arm();
        system.pass(channel, 50);
        assertEquals(List.of(first, later), woken);
    }

    @Test
    void oneThatThrows_doesNotKeepTheOthersFromBeingWoken() {
        NoWarnings.expect("waking .* failed");
        Wish bad = new Wish(10);
        bad.then = () -> {
            throw new IllegalStateException("expected by the test");
        };
        bad.arm();
        Wish good = new Wish(10).arm();
        system.pass(channel, 20);
        assertEquals(2, woken.size());
        assertTrue(woken.contains(good));
    }

    @Test
    void crowdThatIsDueTogether_isWokenInPortions() {
        for (int i = 0; i < 1000; i++) {
            Wish wish = new Wish(10);
            wish.then = () -> {
                if (woken.size() % 100 == 0) {
                    system.tick(); // as if a hundred took a millisecond
                }
            };
            wish.arm();
        }
        List<Integer> seenByOthers = new ArrayList<>();
        channel.eventLoop().schedule(() -> seenByOthers.add(woken.size()), 10, TimeUnit.MILLISECONDS);
        system.pass(channel, 30);
        assertEquals(1000, woken.size());
        assertEquals(1, seenByOthers.size());
        assertTrue(seenByOthers.get(0) < 700, "woken before anything else could run: " + seenByOthers);
    }

    @Test
    void eventLoopThatStoodStill_tellsAll_andHasATurnBeforeAnyIsWoken() {
        List<String> seen = new ArrayList<>();
        Wish early = new Wish(10) {
            @Override
            public void onStandstill(long nanos) {
                seen.add("early " + nanos / MILLIS);
            }
        };
        Wish late = new Wish(1000) {
            @Override
            public void onStandstill(long nanos) {
                seen.add("late " + nanos / MILLIS);
            }
        };
        early.arm();
        late.arm();
        early.then = () -> seen.add("woken");
        system.stop(channel, 510, () -> seen.add("input"));
        assertEquals(List.of("early 500", "late 500", "input", "woken"), seen);
    }

    @Test
    void eventLoopThatStandsStillWhileItWakes_judgesByTheMomentBefore_tellsAll_andHasATurn() {
        List<String> seen = new ArrayList<>();
        long start = system.nanoTime();
        class Entry extends LoopTimer.Entry {
            private final String name;
            private boolean stops;

            Entry(String name, boolean stops) {
                this.name = name;
                this.stops = stops;
            }

            @Override
            public void onStandstill(long nanos) {
                seen.add(name + " told " + nanos / MILLIS);
            }

            @Override
            public void onDue(long nanos) {
                seen.add(name + " at " + (nanos - start) / MILLIS);
                if (stops) {
                    stops = false;
                    LoopTimer.arm(this, nanos + 100 * MILLIS, channel.eventLoop(), system);
                    system.stop(channel, 500, () -> seen.add("input"));
                }
            }
        }
        LoopTimer.arm(new Entry("first", true), start + 10 * MILLIS, channel.eventLoop(), system);
        LoopTimer.arm(new Entry("second", false), start + 10 * MILLIS, channel.eventLoop(), system);
        system.pass(channel, 20);
        assertEquals(
                List.of("first at 10", "input", "second told 500", "first told 500", "second at 510", "first at 510"),
                seen);
    }

    @Test
    void eventLoopThatIsAlwaysLate_wakesAllTheSame() {
        Wish first = new Wish(10).arm();
        Wish second = new Wish(20);
        system.stop(channel, 500, () -> {
            system.tick();
            second.arm();
            for (int i = 0; i < 500; i++) {
                system.tick();
            }
        });
        assertEquals(List.of(first, second), woken);
    }

    @Test
    void lookPause_growsWithTheCrowd() {
        Wish first = new Wish(10).arm();
        long alone = LoopTimer.lookPause(first);
        for (int i = 1; i < 2000; i++) {
            new Wish(10).arm();
        }
        assertTrue(alone < MILLIS, alone + " ns");
        assertEquals(1000 * MILLIS, LoopTimer.lookPause(first));
    }

    @Test
    void lookPause_doesNotCountWhatIsNoClose() {
        Wish close = new Wish(10).arm();
        long alone = LoopTimer.lookPause(close);
        for (int i = 0; i < 100; i++) {
            new Wish(10, LoopTimer.Pace.CHANNELS).arm();
            new Wish(10, LoopTimer.Pace.LOOKS).arm();
        }
        assertEquals(alone, LoopTimer.lookPause(close));
        assertEquals(100, LoopTimer.waiting(LoopTimer.Pace.LOOKS));
        system.pass(channel, 20);
        assertEquals(201, woken.size());
        assertEquals(0, LoopTimer.waiting(LoopTimer.Pace.LOOKS));
    }

    @Test
    void crowdOfOpenConnections_isWokenOnTime_whereOneOfClosesIsGathered() {
        for (int i = 1; i <= 1000; i++) {
            new Wish(i % 2 == 0 ? 1 : 2, LoopTimer.Pace.CHANNELS).arm();
        }
        system.pass(channel, 1);
        assertEquals(500, woken.size());
        system.pass(channel, 1);
        assertEquals(1000, woken.size());

        woken.clear();
        for (int i = 1; i <= 1000; i++) {
            new Wish(i % 2 == 0 ? 1 : 2).arm();
        }
        system.pass(channel, 1);
        assertEquals(500, woken.size());
        system.pass(channel, 4);
        assertEquals(500, woken.size());
        system.pass(channel, 1);
        assertEquals(1000, woken.size());
    }

    @Test
    void looks_takeATenthOfTheirLoopAtMost() {
        for (int i = 0; i < 10; i++) {
            Wish look = new Wish(1, LoopTimer.Pace.LOOKS);
            look.then = system::tick; // as if each took a millisecond
            look.arm();
        }
        for (int tenth = 1; tenth <= 10; tenth++) {
            system.pass(channel, 1);
            assertEquals(tenth, woken.size());
            system.pass(channel, 8);
            assertEquals(tenth, woken.size());
        }
    }

    @Test
    void lookThatBlocks_doesNotKeepTheOthersWaitingNineTimesAsLong() {
        Wish blocked = new Wish(1, LoopTimer.Pace.LOOKS);
        blocked.then = () -> {
            for (int i = 0; i < 1000; i++) {
                system.tick();
            }
        };
        blocked.arm();
        Wish other = new Wish(2, LoopTimer.Pace.LOOKS).arm();
        system.pass(channel, 10);
        assertEquals(List.of(blocked, other), woken);
    }

    @Test
    void entryOfAnotherThread_isArmedAndCancelledOnItsLoop() throws Exception {
        EventLoop loop = new DefaultEventLoop();
        EventLoop other = new DefaultEventLoop();
        CompletableFuture<Boolean> inLoop = new CompletableFuture<>();
        LoopTimer.Entry entry = new LoopTimer.Entry() {
            @Override
            public void onDue(long nanos) {
                inLoop.complete(loop.inEventLoop());
            }
        };
        loop.submit(() -> LoopTimer.arm(entry, System.nanoTime() + TimeUnit.HOURS.toNanos(1), loop, SystemView.REAL))
                .sync();
        other.submit(() -> LoopTimer.arm(entry, System.nanoTime() + MILLIS, other, SystemView.REAL))
                .sync();
        assertTrue(inLoop.get(30, TimeUnit.SECONDS));
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();

        CountDownLatch again = new CountDownLatch(1);
        LoopTimer.Entry orphan = new LoopTimer.Entry() {
            @Override
            public void onDue(long nanos) {
                again.countDown();
            }
        };
        EventLoop gone = new DefaultEventLoop();
        gone.submit(() -> LoopTimer.arm(orphan, System.nanoTime() + TimeUnit.HOURS.toNanos(1), gone, SystemView.REAL))
                .sync();
        gone.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        other.submit(() -> LoopTimer.arm(orphan, System.nanoTime() + MILLIS, other, SystemView.REAL))
                .sync();
        assertTrue(again.await(30, TimeUnit.SECONDS));
        other.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    @Test
    void cancelled_leavesNoTaskBehind() {
        Wish wish = new Wish(10).arm();
        LoopTimer.cancel(wish);
        assertFalse(channel.hasPendingTasks());
        LoopTimer.cancel(wish);
        LoopTimer.cancel(new Wish(5));
    }
}

package dev.lastbyte.demo.serve;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A request for an answer that takes its time: {@code /slow/MS?bytes=N}. Immutable.
 *
 * @param millis when to answer, counted from the request
 * @param bytes how long the body shall be
 */
record SlowRequest(long millis, long bytes) {
    static final String PATH = "/slow/";
    static final long MAX_MILLIS = 3_600_000;
    static final long MAX_BYTES = 1_000_000_000;
    static final String FORM =
            "GET /slow/MS?bytes=N: MS from 0 to " + MAX_MILLIS + ", N from 0 to " + MAX_BYTES + ", 100 if left out\n";

    private static final long DEFAULT_BYTES = 100;
    private static final Pattern URI = Pattern.compile(PATH + "(\\d{1,10})(?:\\?bytes=(\\d{1,10}))?");

    /** What a URI asks for; empty if it has another form or a number is out of its range. */
    static Optional<SlowRequest> parse(String uri) {
        Matcher matcher = URI.matcher(uri);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String bytes = matcher.group(2);
        SlowRequest request = new SlowRequest(
                Long.parseLong(matcher.group(1)), bytes == null ? DEFAULT_BYTES : Long.parseLong(bytes));
        return request.millis <= MAX_MILLIS && request.bytes <= MAX_BYTES ? Optional.of(request) : Optional.empty();
    }
}

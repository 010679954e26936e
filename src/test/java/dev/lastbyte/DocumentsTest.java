package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the documents show and name is there: code that is compiled, files, the version, the figures of the picture. */
class DocumentsTest {
    /** A block of Java code, behind a comment that names the file in which it stands. */
    private static final Pattern SNIPPET = Pattern.compile("(?ms)^<!-- snippet: (\\S+) -->\n```java\n(.*?)^```$");

    private static final Pattern JAVA = Pattern.compile("(?m)^```java$");
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:)([^)#\\s]+)(?:#[^)]*)?\\)");
    private static final Pattern PAGE = Pattern.compile("docs/[\\w-]+\\.md");
    private static final Pattern VERSION = Pattern.compile("<artifactId>lastbyte</artifactId>\\s+<version>([^<]+)<");

    static Stream<Path> documents() throws IOException {
        try (Stream<Path> docs = Files.list(Path.of("docs"))) {
            return Stream.concat(
                            Stream.of(Path.of("README.md"), Path.of("CONTRIBUTING.md")),
                            docs.filter(file -> file.toString().endsWith(".md")).toList().stream())
                    .sorted();
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void snippet_standsInTheFileItNames(Path document) throws IOException {
        Matcher snippet = SNIPPET.matcher(Files.readString(document));
        while (snippet.find()) {
            List<String> file = stripped(Files.readString(Path.of(snippet.group(1))));
            List<String> block = stripped(snippet.group(2));
            assertTrue(!block.isEmpty(), document + ": empty snippet of " + snippet.group(1));
            int start = file.indexOf(block.get(0));
            List<String> found =
                    start < 0 ? List.of() : file.subList(start, Math.min(file.size(), start + block.size()));
            assertEquals(
                    String.join("\n", found), String.join("\n", block), document + " differs from " + snippet.group(1));
        }
    }

    @Test
    void readme_everyBlockOfJava_isASnippet() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        assertTrue(JAVA.matcher(readme).find());
        assertEquals(
                JAVA.matcher(readme).results().count(),
                SNIPPET.matcher(readme).results().count());
    }

    @Test
    void readme_version_isThatOfThePom() throws IOException {
        assertEquals(version("pom.xml"), version("README.md"));
    }

    @ParameterizedTest
    @MethodSource("documents")
    void link_leadsToAFile(Path document) throws IOException {
        Path directory = document.toAbsolutePath().getParent();
        List<String> missing = LINK.matcher(Files.readString(document))
                .results()
                .map(link -> link.group(1))
                .filter(link -> directory == null || !Files.exists(directory.resolve(link)))
                .toList();
        assertEquals(List.of(), missing);
    }

    @Test
    void javadoc_namesPagesThatExist() throws IOException {
        List<String> pages = new ArrayList<>();
        try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
            for (Path source :
                    sources.filter(file -> file.toString().endsWith(".java")).toList()) {
                PAGE.matcher(Files.readString(source)).results().forEach(page -> pages.add(page.group()));
            }
        }
        assertTrue(!pages.isEmpty());
        assertEquals(
                List.of(),
                pages.stream().filter(page -> !Files.exists(Path.of(page))).toList());
    }

    /** The picture repeats the worst runs of docs/demo.md over a link with a delay. */
    @Test
    void picture_showsTheTableOfTheDemo() throws IOException {
        String demo = Files.readString(Path.of("docs/demo.md"));
        String table = demo.substring(demo.indexOf("Measured with `lab --rtt 20ms`"));
        Matcher row = Pattern.compile("(?s)<g id=\"([\\w-]+)\">.*?>(\\d+) %<.*?>(\\d+) %<.*?</g>")
                .matcher(Files.readString(Path.of("docs/what-is-lost.svg")));
        int rows = 0;
        while (row.find()) {
            Matcher measured = Pattern.compile("(?m)^" + row.group(1) + " +(\\d+)(?: \\((\\d+)\\))?.* (\\d+)(?: R)?$")
                    .matcher(table);
            assertTrue(measured.find(), row.group(1));
            assertEquals(measured.group(2) == null ? measured.group(1) : measured.group(2), row.group(2), row.group(1));
            assertEquals(measured.group(3), row.group(3), row.group(1));
            rows++;
        }
        assertEquals(6, rows);
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).toList();
    }

    private static String version(String file) throws IOException {
        Matcher version = VERSION.matcher(Files.readString(Path.of(file)));
        assertTrue(version.find(), file);
        return version.group(1);
    }
}

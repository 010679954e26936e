package dev.lastbyte.demo.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void render_alignsColumns_withoutBlanksAtTheEnd() {
        Table table = new Table();
        table.row(List.of(Table.Entry.of(""), Table.Entry.of("plain"), Table.Entry.of("full")));
        table.row(List.of(Table.Entry.of("chatty"), Table.Entry.of("0 (46) R"), Table.Entry.of("100")));
        assertEquals(List.of("        plain     full", "chatty  0 (46) R  100"), table.render());
    }

    @Test
    void render_colour_doesNotCountAsWidth() {
        Table table = new Table();
        table.row(List.of(new Table.Entry("a", text -> "<" + text + ">"), Table.Entry.of("b")));
        table.row(List.of(Table.Entry.of("cc"), Table.Entry.of("d")));
        assertEquals(List.of("<a>   b", "cc  d"), table.render());
    }
}

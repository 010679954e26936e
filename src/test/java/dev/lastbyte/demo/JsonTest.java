package dev.lastbyte.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void of_nestedValues_keepsOrderAndTypes() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("text", "a");
        map.put("nothing", null);
        map.put("list", Arrays.asList(1, 2L, true, null, List.of()));
        assertEquals("{\"text\":\"a\",\"nothing\":null,\"list\":[1,2,true,null,[]]}", Json.of(map));
    }

    @Test
    void of_textWithSpecialCharacters_isEscaped() {
        assertEquals("\"q\\\" b\\\\ n\\u000a é\"", Json.of("q\" b\\ n\n é"));
    }

    @Test
    void of_numberThatJsonLacks_isNull() {
        assertEquals("[1.5,null]", Json.of(List.of(1.5, Double.NaN)));
    }
}

package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.module.ModuleDescriptor;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What the module exports, and that nobody outside meets a type that it does not. The adapters are for the class path: most of what they
 * adapt to is no module.
 */
class ExportedApiTest {
    private static final Path CLASSES = Path.of("target", "classes");
    private static final Path ADAPTERS = Path.of("src", "adapters", "java");
    private static final Path SOURCES = Path.of("src", "main", "java");

    /** A comment that is published: the annotations behind it, if any, and what shows that the member is visible. */
    private static final Pattern PUBLISHED = Pattern.compile(
            "/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s+(?:@[\\w(){}\",. ]+\\s+)*?(?:public|protected|package|module|[A-Z_]+[(,;])");

    private static final Pattern TYPE_NAME = Pattern.compile("\\b[A-Z][a-z]+[A-Z]\\w*");

    private static Set<String> exports() throws Exception {
        try (var in = Files.newInputStream(CLASSES.resolve("module-info.class"))) {
            return ModuleDescriptor.read(in).exports().stream()
                    .map(ModuleDescriptor.Exports::source)
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    @Test
    void module_exportsEveryPackageButTheInternalOnesAndTheAdapters() throws Exception {
        Set<String> packages = new TreeSet<>();
        try (Stream<Path> files = Files.walk(CLASSES.resolve("dev"))) {
            files.filter(file -> file.toString().endsWith(".class"))
                    .forEach(file -> packages.add(
                            CLASSES.relativize(file.getParent()).toString().replace('/', '.')));
        }
        packages.removeIf(ExportedApiTest::isInternal);
        packages.removeIf(name -> Files.exists(ADAPTERS.resolve(name.replace('.', '/') + "/package-info.java")));
        assertEquals(packages, exports());
    }

    @Test
    void exportedSignature_namesNoInternalType() throws Exception {
        List<String> wrong = new ArrayList<>();
        int checked = 0;
        for (String exported : exports()) {
            for (Class<?> type : publicTypes(exported)) {
                checked++;
                namedBy(type).forEach((where, named) -> wrong.add(where + " names " + named));
            }
        }
        assertFalse(checked == 0, "no exported type was found");
        assertEquals(List.of(), wrong);
    }

    /** Who reads the published documentation cannot open them. Names of one word are left out: English has them too. */
    @Test
    void exportedJavadoc_namesNoTypeThatIsNotExported() throws Exception {
        Set<String> hidden = new TreeSet<>();
        List<Path> exported = new ArrayList<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                String type = file.getFileName().toString().replace(".java", "");
                String name =
                        SOURCES.relativize(file.resolveSibling(type)).toString().replace('/', '.');
                if (type.endsWith("-info")) {
                    exported.add(file);
                } else if (isInternal(name.substring(0, name.lastIndexOf('.')))
                        || !isVisible(Class.forName(name, false, ExportedApiTest.class.getClassLoader()))) {
                    hidden.add(type);
                } else {
                    exported.add(file);
                }
            }
        }
        assertTrue(hidden.contains("CloseSequence") && exported.size() > 40, () -> hidden + " " + exported);
        List<String> wrong = new ArrayList<>();
        for (Path file : exported) {
            PUBLISHED
                    .matcher(Files.readString(file))
                    .results()
                    .flatMap(comment ->
                            TYPE_NAME.matcher(comment.group(1)).results().map(MatchResult::group))
                    .filter(hidden::contains)
                    .forEach(name -> wrong.add(file.getFileName() + " names " + name));
        }
        assertEquals(List.of(), wrong);
    }

    private static List<Class<?>> publicTypes(String exported) throws Exception {
        List<Class<?>> types = new ArrayList<>();
        try (Stream<Path> files = Files.list(CLASSES.resolve(exported.replace('.', '/')))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                String name = exported + "." + file.getFileName().toString().replace(".class", "");
                if (!name.endsWith("package-info")) {
                    Class<?> type = Class.forName(name, false, ExportedApiTest.class.getClassLoader());
                    if (isVisible(type)) {
                        types.add(type);
                    }
                }
            }
        }
        return types;
    }

    /** Public, or protected, with all the types around it. */
    private static boolean isVisible(Class<?> type) {
        for (Class<?> c = type; c != null; c = c.getDeclaringClass()) {
            if (!isVisible(c.getModifiers())) {
                return false;
            }
        }
        return !type.isAnonymousClass() && !type.isLocalClass();
    }

    private static boolean isVisible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static Map<String, String> namedBy(Class<?> type) {
        Map<String, String> wrong = new TreeMap<>();
        check(type.getName(), wrong, type.getGenericSuperclass());
        check(type.getName(), wrong, type.getGenericInterfaces());
        for (Field field : type.getDeclaredFields()) {
            if (isVisible(field.getModifiers())) {
                check(type.getName() + "." + field.getName(), wrong, field.getGenericType());
            }
        }
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            check(type.getName(), wrong, constructor);
        }
        for (Method method : type.getDeclaredMethods()) {
            check(type.getName(), wrong, method);
            if (isVisible(method.getModifiers())) {
                check(type.getName() + "." + method.getName(), wrong, method.getGenericReturnType());
            }
        }
        return wrong;
    }

    private static void check(String owner, Map<String, String> wrong, Executable member) {
        if (isVisible(member.getModifiers())) {
            String where = owner + "." + member.getName();
            check(where, wrong, member.getGenericParameterTypes());
            check(where, wrong, member.getGenericExceptionTypes());
        }
    }

    private static void check(String where, Map<String, String> wrong, Type... types) {
        for (Type type : types) {
            for (Class<?> named : classesIn(type, new HashSet<>())) {
                if (isInternal(named.getPackageName())) {
                    wrong.put(where, named.getName());
                }
            }
        }
    }

    private static Set<Class<?>> classesIn(Type type, Set<Type> seen) {
        Set<Class<?>> found = new HashSet<>();
        if (type == null || !seen.add(type)) {
            return found;
        }
        List<Type> parts = new ArrayList<>();
        if (type instanceof Class<?> raw) {
            found.add(raw.isArray() ? raw.getComponentType() : raw);
        } else if (type instanceof ParameterizedType generic) {
            parts.add(generic.getRawType());
            parts.addAll(List.of(generic.getActualTypeArguments()));
        } else if (type instanceof GenericArrayType array) {
            parts.add(array.getGenericComponentType());
        } else if (type instanceof WildcardType wildcard) {
            parts.addAll(List.of(wildcard.getUpperBounds()));
            parts.addAll(List.of(wildcard.getLowerBounds()));
        } else if (type instanceof TypeVariable<?> variable) {
            parts.addAll(List.of(variable.getBounds()));
        }
        parts.forEach(part -> found.addAll(classesIn(part, seen)));
        return found;
    }

    private static boolean isInternal(String packageName) {
        return packageName.startsWith("dev.lastbyte.internal");
    }
}

package dev.lastbyte;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lastbyte.testing.CheckedInFile;
import java.lang.annotation.Annotation;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.AnnotatedArrayType;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.AnnotatedWildcardType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.TypeVariable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The listing of the API in docs/api.txt, which changes in the commit that changes the API. */
class ApiListingTest {
    private static final Path CLASSES = Path.of("target", "classes");
    private static final CheckedInFile LISTING = new CheckedInFile(Path.of("docs", "api.txt"));

    @Test
    void exportedPackages_areAsListed() throws Exception {
        String listing = listing();
        assertTrue(listing.contains("class dev.lastbyte.GracefulCloseHandler"), listing);
        LISTING.assertSame(listing);
    }

    private static String listing() throws Exception {
        StringBuilder out = new StringBuilder();
        ModuleDescriptor module;
        try (var in = Files.newInputStream(CLASSES.resolve("module-info.class"))) {
            module = ModuleDescriptor.read(in);
        }
        out.append("module ").append(module.name()).append('\n');
        module.requires().stream()
                .map(r -> "    requires "
                        + Stream.concat(
                                        r.modifiers().stream()
                                                .map(m -> m.name().toLowerCase(java.util.Locale.ROOT))
                                                .sorted(),
                                        Stream.of(r.name()))
                                .collect(Collectors.joining(" ")))
                .sorted()
                .forEach(line -> out.append(line).append('\n'));
        for (String exported : new TreeSet<>(
                module.exports().stream().map(ModuleDescriptor.Exports::source).toList())) {
            out.append("\npackage ").append(exported).append('\n');
            for (Class<?> type : visibleTypes(exported)) {
                out.append('\n').append(header(type)).append('\n');
                members(type)
                        .forEach(member -> out.append("    ").append(member).append('\n'));
            }
        }
        return out.toString();
    }

    private static List<Class<?>> visibleTypes(String exported) throws Exception {
        try (Stream<Path> files = Files.list(CLASSES.resolve(exported.replace('.', '/')))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".class") && !name.equals("package-info.class"))
                    .map(name -> type(exported + "." + name.replace(".class", "")))
                    .filter(ApiListingTest::isVisible)
                    .sorted(java.util.Comparator.comparing(Class::getName))
                    .collect(Collectors.toList());
        }
    }

    private static Class<?> type(String name) {
        try {
            return Class.forName(name, false, ApiListingTest.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isVisible(Class<?> type) {
        boolean local = type.isAnonymousClass() || type.isLocalClass();
        return !local
                && isVisible(type.getModifiers())
                && (type.getDeclaringClass() == null || isVisible(type.getDeclaringClass()));
    }

    private static boolean isVisible(int modifiers) {
        return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
    }

    private static String header(Class<?> type) {
        int modifiers = type.getModifiers() & Modifier.classModifiers() & ~Modifier.PUBLIC;
        String kind = "class";
        if (type.isInterface()) {
            kind = "interface";
            modifiers &= ~(Modifier.ABSTRACT | Modifier.STATIC);
        } else if (type.isEnum()) {
            kind = "enum";
            modifiers &= ~(Modifier.FINAL | Modifier.STATIC);
        } else if (type.isRecord()) {
            kind = "record";
            modifiers &= ~(Modifier.FINAL | Modifier.STATIC);
        }
        String line =
                words(modifiers) + kind + " " + type.getName().replace('$', '.') + variables(type.getTypeParameters());
        AnnotatedType parent = type.getAnnotatedSuperclass();
        if (kind.equals("class") && parent != null && parent.getType() != Object.class) {
            line += " extends " + name(parent);
        }
        String interfaces = Arrays.stream(type.getAnnotatedInterfaces())
                .map(ApiListingTest::name)
                .collect(Collectors.joining(", "));
        return interfaces.isEmpty()
                ? line
                : line + (kind.equals("interface") ? " extends " : " implements ") + interfaces;
    }

    private static List<String> members(Class<?> type) {
        Stream<String> constants = Arrays.stream(type.getDeclaredFields())
                .filter(Field::isEnumConstant)
                .map(Field::getName);
        Stream<String> fields = Arrays.stream(type.getDeclaredFields())
                .filter(field -> !field.isEnumConstant() && isVisible(field.getModifiers()) && !field.isSynthetic())
                .map(ApiListingTest::field)
                .sorted();
        Stream<String> constructors = Arrays.stream(type.getDeclaredConstructors())
                .filter(constructor -> isVisible(constructor.getModifiers()) && !constructor.isSynthetic())
                .map(ApiListingTest::constructor)
                .sorted();
        Stream<String> methods = Arrays.stream(type.getDeclaredMethods())
                .filter(method -> isVisible(method.getModifiers()) && !method.isSynthetic() && !isOfEveryEnum(method))
                .map(ApiListingTest::method)
                .sorted();
        return Stream.of(constants, fields, constructors, methods)
                .flatMap(s -> s)
                .toList();
    }

    private static boolean isOfEveryEnum(Method method) {
        return method.getDeclaringClass().isEnum()
                && Modifier.isStatic(method.getModifiers())
                && (method.getName().equals("values") || method.getName().equals("valueOf"));
    }

    private static String field(Field field) {
        return words(field.getModifiers() & ~Modifier.PUBLIC)
                + name(field.getAnnotatedType())
                + " "
                + field.getName()
                + value(field);
    }

    /** Compilers copy such a value into the code of users. */
    private static String value(Field field) {
        boolean copied = field.getType().isPrimitive() || field.getType() == String.class;
        if (!copied || !Modifier.isStatic(field.getModifiers()) || !Modifier.isFinal(field.getModifiers())) {
            return "";
        }
        try {
            return " = " + field.get(null);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String constructor(Constructor<?> constructor) {
        return words(constructor.getModifiers() & ~Modifier.PUBLIC)
                + variables(constructor.getTypeParameters())
                + constructor.getDeclaringClass().getSimpleName()
                + parameters(constructor);
    }

    private static String method(Method method) {
        String variables = variables(method.getTypeParameters());
        return words(method.getModifiers() & Modifier.methodModifiers() & ~(Modifier.PUBLIC | Modifier.SYNCHRONIZED))
                + (method.isDefault() ? "default " : "")
                + (variables.isEmpty() ? "" : variables + " ")
                + name(method.getAnnotatedReturnType())
                + " "
                + method.getName()
                + parameters(method);
    }

    private static String parameters(Executable member) {
        String parameters = Arrays.stream(member.getAnnotatedParameterTypes())
                .map(ApiListingTest::name)
                .collect(Collectors.joining(", ", "(", ")"));
        String thrown = Arrays.stream(member.getAnnotatedExceptionTypes())
                .map(ApiListingTest::name)
                .collect(Collectors.joining(", "));
        return thrown.isEmpty() ? parameters : parameters + " throws " + thrown;
    }

    private static String variables(TypeVariable<?>[] variables) {
        return variables.length == 0
                ? ""
                : Arrays.stream(variables)
                        .map(variable -> variable.getName() + bounds(variable))
                        .collect(Collectors.joining(", ", "<", ">"));
    }

    private static String bounds(TypeVariable<?> variable) {
        String bounds = Arrays.stream(variable.getAnnotatedBounds())
                .filter(bound -> bound.getType() != Object.class)
                .map(ApiListingTest::name)
                .collect(Collectors.joining(" & "));
        return bounds.isEmpty() ? "" : " extends " + bounds;
    }

    /** The type as it is written, with its nullness; what JDKs print for it differs. */
    private static String name(AnnotatedType type) {
        String nullness = isNullable(type) ? "@Nullable " : "";
        if (type instanceof AnnotatedParameterizedType generic) {
            Class<?> raw = (Class<?>) ((ParameterizedType) generic.getType()).getRawType();
            return nullness
                    + plain(raw.getName())
                    + Arrays.stream(generic.getAnnotatedActualTypeArguments())
                            .map(ApiListingTest::name)
                            .collect(Collectors.joining(", ", "<", ">"));
        }
        if (type instanceof AnnotatedArrayType array) {
            return nullness + name(array.getAnnotatedGenericComponentType()) + "[]";
        }
        if (type instanceof AnnotatedWildcardType wildcard) {
            return wildcard(wildcard);
        }
        return nullness + plain(type.getType().getTypeName());
    }

    private static String wildcard(AnnotatedWildcardType wildcard) {
        AnnotatedType[] lower = wildcard.getAnnotatedLowerBounds();
        if (lower.length > 0 && lower[0].getType() != null) {
            return "? super " + name(lower[0]);
        }
        AnnotatedType upper = wildcard.getAnnotatedUpperBounds()[0];
        return upper.getType() == Object.class ? "?" : "? extends " + name(upper);
    }

    private static boolean isNullable(AnnotatedElement element) {
        for (Annotation annotation : element.getAnnotations()) {
            if (annotation.annotationType() == Nullable.class) {
                return true;
            }
        }
        return false;
    }

    private static String plain(String name) {
        return name.replaceFirst("^java\\.lang\\.(?=[A-Z])", "").replace('$', '.');
    }

    private static String words(int modifiers) {
        String words = Modifier.toString(modifiers);
        return words.isEmpty() ? "" : words + " ";
    }
}

/**
 * Lastbyte in Spring Boot applications on Reactor Netty. The dependency alone does it; a user meets no type of this package, but the
 * properties {@code lastbyte.*} and the beans that docs/frameworks/spring-boot.md names.
 */
@NullMarked
package dev.lastbyte.spring;

import org.jspecify.annotations.NullMarked;

package dev.wanllmdb;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The name of the parameter of a record's component, if it is no name in Java: "learning-rate". */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface ParameterName {
    /**
     * {@return the name, within the component's group}
     */
    String value();
}

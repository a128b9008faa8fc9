package dev.wanllmdb;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Has SIGINT and SIGTERM handled, and restores the handlers at the end. Java has no public way to
 * handle signals; the class that all of its releases have is reached by reflection, so that a Java
 * without it only loses this.
 */
final class Signals implements AutoCloseable {
    private final List<Runnable> restore = new ArrayList<>();

    private Signals() {}

    /** Returns what handles no signals. */
    static Signals none() {
        return new Signals();
    }

    /** Has signals handled by their name: INT or TERM. */
    static Signals handledBy(Consumer<String> handler) {
        Signals signals = new Signals();
        try {
            for (String name : List.of("INT", "TERM")) {
                signals.handle(name, handler);
            }
        } catch (ReflectiveOperationException e) {
            Log.warning("signals end this process at once: %s", e);
        }
        return signals;
    }

    @Override
    public void close() {
        restore.forEach(Runnable::run);
    }

    private void handle(String name, Consumer<String> handler)
            throws ReflectiveOperationException {
        Class<?> signalType = Class.forName("sun.misc.Signal");
        Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
        Method handle = signalType.getMethod("handle", signalType, handlerType);
        Object signal = signalType.getConstructor(String.class).newInstance(name);
        Object ours =
                Proxy.newProxyInstance(
                        handlerType.getClassLoader(),
                        new Class<?>[] {handlerType},
                        (proxy, method, arguments) -> {
                            switch (method.getName()) {
                                case "handle":
                                    handler.accept(name);
                                    return null;
                                case "equals":
                                    return proxy == arguments[0];
                                case "hashCode":
                                    return System.identityHashCode(proxy);
                                default:
                                    return "the handler of an agent";
                            }
                        });
        Object before = handle.invoke(null, signal, ours);
        Runnable putBack = () -> invoke(handle, signal, before);
        if (handlerType.getField("SIG_IGN").get(null).equals(before)) {
            // A signal that the process ignores, for example under nohup, stays ignored.
            putBack.run();
        } else {
            restore.add(putBack);
        }
    }

    private static void invoke(Method handle, Object signal, Object handler) {
        try {
            handle.invoke(null, signal, handler);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a signal's handler can't be restored", e);
        }
    }
}

package dev.wanllmdb;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/** Has the API key that calls carry. A key from a file may be replaced there. */
final class KeyRing {
    private static final Pattern FORM = Pattern.compile("wsk_[a-z0-9]+_[!-~]+");

    /** More than the one line of a key file. */
    private static final int MAX_FILE_BYTES = 4096;

    private final Path file;
    private final String source;
    private ApiKey key;

    private KeyRing(ApiKey key, Path file, String source) {
        this.key = key;
        this.file = file;
        this.source = source;
    }

    static KeyRing without() {
        return new KeyRing(null, null, "");
    }

    static KeyRing of(String text, String source) {
        return new KeyRing(checked(text, source), null, source);
    }

    static KeyRing ofFile(Path file, String source) {
        return new KeyRing(keyIn(file, source), file, source);
    }

    /** Returns the key; empty for none. */
    synchronized Optional<ApiKey> current() {
        return Optional.ofNullable(key);
    }

    /** Returns where the key is from, for people. */
    String source() {
        return source;
    }

    /** Reads the file again, and returns whether the key is another than the refused one. */
    synchronized boolean hasOtherThan(Optional<ApiKey> refused) {
        if (file != null) {
            try {
                key = keyIn(file, source);
            } catch (InvalidException e) {
                // The service's error is more useful than a problem with the file.
            }
        }
        return !Optional.ofNullable(key).equals(refused);
    }

    private static ApiKey keyIn(Path file, String source) {
        try (InputStream stream = Files.newInputStream(file)) {
            byte[] bytes = stream.readNBytes(MAX_FILE_BYTES);
            return checked(new String(bytes, StandardCharsets.UTF_8), source);
        } catch (NoSuchFileException e) {
            throw new InvalidException(source, "can't be read: there is no such file");
        } catch (AccessDeniedException e) {
            throw new InvalidException(source, "can't be read: access is denied");
        } catch (IOException e) {
            throw new InvalidException(source, "can't be read: " + e.getMessage());
        }
    }

    private static ApiKey checked(String text, String source) {
        String key = text.strip();
        // Any other text may be a secret of another system, which must not be sent.
        if (!FORM.matcher(key).matches()) {
            throw new InvalidException(
                    source, "holds no API key: one looks like wsk_<id>_<secret>, on one line");
        }
        return new ApiKey(key);
    }
}

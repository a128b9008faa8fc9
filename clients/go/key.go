package wanllmdb

import (
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
)

var keyForm = regexp.MustCompile(`^wsk_[a-z0-9]+_[!-~]+$`)

// maxKeyFileBytes is more than the one line of a key file.
const maxKeyFileBytes = 4096

// readKey finds the API key in the options, else in the environment.
func (o options) readKey(s *Settings) error {
	var err error
	switch {
	case o.apiKeyFile != "":
		s.keyFile, s.keySource = o.apiKeyFile, "the file "+o.apiKeyFile
	case o.apiKey != "":
		s.keySource = "the option for " + envAPIKey
		s.APIKey, err = checkedKey(o.apiKey, s.keySource)
	case strings.TrimSpace(o.getenv(envAPIKey)) != "":
		s.keySource = envAPIKey
		s.APIKey, err = checkedKey(o.getenv(envAPIKey), s.keySource)
	case o.getenv(envAPIKeyFile) != "":
		s.keyFile = o.getenv(envAPIKeyFile)
		s.keySource = "the file " + s.keyFile + " (" + envAPIKeyFile + ")"
	}
	if s.keyFile != "" {
		s.APIKey, err = keyInFile(s.keyFile, s.keySource)
	}
	return err
}

func keyInFile(path, source string) (Secret, error) {
	file, err := os.Open(path)
	if err != nil {
		// The path is in the source.
		if inner, ok := errors.AsType[*os.PathError](err); ok {
			err = inner.Err
		}
		return "", invalid(source, "can't be read: %v", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxKeyFileBytes))
	if err != nil {
		return "", invalid(source, "can't be read: %v", err)
	}
	return checkedKey(string(text), source)
}

func checkedKey(text, source string) (Secret, error) {
	text = strings.TrimSpace(text)
	// Any other text may be a secret of another system, which must not be sent.
	if !keyForm.MatchString(text) {
		return "", invalid(source, "holds no API key: one looks like wsk_<id>_<secret>, on one line")
	}
	return Secret(text), nil
}

// keyring has the key that calls carry. A key from a file may be replaced there.
type keyring struct {
	mu           sync.Mutex
	key          Secret
	file, source string
}

func (k *keyring) current() Secret {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.key
}

// hasOtherThan reads the file again, and reports whether the key is another than the refused one.
func (k *keyring) hasOtherThan(refused Secret) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file != "" {
		// The service's error is more useful than a problem with the file.
		if key, err := keyInFile(k.file, k.source); err == nil {
			k.key = key
		}
	}
	return k.key != refused
}

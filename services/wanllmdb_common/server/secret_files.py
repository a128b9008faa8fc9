"""Secrets of the settings in files, as container platforms mount them.

Each setting NAME that is a secret has a setting NAME_file beside it, which `file_of` declares. The
base class of all settings reads these files by `SecretFiles`, so the rule is the same everywhere.
"""

from __future__ import annotations

import os
from typing import Any

from pydantic import Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource, SettingsError

from wanllmdb._files import read_regular

ENDING = "_file"
MAX_BYTES = 64 * 1024


class SecretFileError(ValueError):
    """A file holds no secret; the text is the reason, without anything of the content."""


class SecretOfFile(SecretStr):
    """A secret that was read from a file."""


def file_of(option: str) -> Any:
    """Return the field of the setting with the file of a secret."""
    return Field(
        None,
        description=f"File that holds the value of {option}, in one line. It is read at the start.",
    )


def read_secret(file: str | os.PathLike[str]) -> str:
    """Return the line that a file holds, without its end.

    Raises:
        SecretFileError: The file can't be read, or does not hold one line of text.
    """
    if not os.fspath(file):
        raise SecretFileError("names no file")
    try:
        text = read_regular(file, MAX_BYTES).decode()
    except OSError as error:
        raise SecretFileError(f"the file {file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SecretFileError(f"the file {file} does not contain text in UTF-8") from None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret.strip():
        raise SecretFileError(f"the file {file} is empty")
    if "\n" in secret:
        raise SecretFileError(f"the file {file} has more than one line")
    return secret


class SecretFiles(PydanticBaseSettingsSource):
    """The source of the secrets whose files the other sources name.

    Raises:
        SettingsError: a file holds no secret, or the secret is given besides its file.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return a setting's secret, None if no file has it, and that it is not complex."""
        named = field_name + ENDING in self.settings_cls.model_fields
        if not named or self.current_state.get(field_name + ENDING) is None:
            return None, field_name, False
        return self._secret(field_name, self.current_state), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: secret for name, secret in found.items() if secret is not None}

    def _secret(self, name: str, given: dict[str, Any]) -> SecretStr:
        option = f"--{name.replace('_', '-')}"
        if given.get(name) is not None:
            variable = f"{self.config.get('env_prefix', '')}{name}".upper()
            raise SettingsError(
                f"{option} and {option}-file are both given, as flags or as {variable} and "
                f"{variable}_FILE: leave out one of the two"
            )
        try:
            return SecretOfFile(read_secret(given[name + ENDING]))
        except SecretFileError as error:
            raise SettingsError(f"{option}-file: {error}") from None

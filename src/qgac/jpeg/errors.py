"""Why a file cannot be read."""


class JPEGError(ValueError):
    """A file that is no JPEG, is damaged, or is of a kind that is not supported.

    The message is one sentence that says what is wrong and what to do about it. It does not name the file: whoever
    knows the name adds it.
    """


class TooLargeError(JPEGError):
    """A picture with more pixels than is accepted."""


class DamageError(JPEGError):
    """A file that is a supported JPEG but damaged, so that tolerant reading may still get something out of it.

    Attributes
    ----------
    cause : str
        What is wrong, without the remedy.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"the JPEG data are damaged: {cause}; get an undamaged copy, or use tolerant reading (--tolerant) "
            "to restore what can be decoded"
        )
        self.cause = cause

"""Files that hold JPEG pictures among other things: documents, comics, films. One file a kind."""

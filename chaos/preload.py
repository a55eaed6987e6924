"""Imported first by a server that forks: modules that come after keep the replaced functions, never the originals."""

from chaos.patching import wrap

wrap()

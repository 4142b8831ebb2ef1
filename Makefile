# The entry points: `make demo`, `make test`, `make install PREFIX=…`.

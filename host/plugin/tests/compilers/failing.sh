#!/bin/sh
echo "an attack on the compiler" >&2
exit 3

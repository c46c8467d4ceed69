#!/bin/sh
# Builds a program, and says how far it is: a first build takes minutes.
#
#   build.sh DIRECTORY PACKAGE OUTPUT
set -u
cd "$1" || exit 1
package=$2 output=$3 name=$(basename "$3")
built=0 modules=0 total=0

# show replaces the line of a terminal. Elsewhere it writes a line now and then.
show() {
	if [ -t 1 ]; then
		printf '\r\033[K  %s: %s' "$name" "$2"
	elif [ $(($1 % 150)) -eq 0 ]; then
		printf '  %s: %s\n' "$name" "$2"
	fi
}

# follow counts what a go command says on its standard error. Lines of another kind, as those
# of a compiler, are shown as they are.
follow() {
	while IFS= read -r line; do
		case $line in
		"go: downloading "*) modules=$((modules + 1)) && show $modules "downloading modules: $modules" ;;
		failed) failed=yes ;;
		"" | *[!a-zA-Z0-9._~/+-]*) printf '%s\n' "$line" >&2 ;;
		*) built=$((built + 1)) && show $built "compiled $built of $total packages" ;;
		esac
	done
	if [ -t 1 ] && [ $((built + modules)) -gt 0 ]; then printf '\r\033[K'; fi
	[ -z "${failed-}" ]
}

list=$(mktemp) && trap 'rm -f "$list"' EXIT || exit 1
{ go list -deps -f '{{if .Stale}}{{.ImportPath}}{{end}}' "$package" 2>&1 >"$list" || echo failed; } | follow || exit 1
total=$(grep -c . "$list")
{ go build -v -o "$output" "$package" 2>&1 || echo failed; } | follow

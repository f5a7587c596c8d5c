# SPDX-License-Identifier: GPL-2.0
# Prints "URI<tab>keyring" for every archive in apt's source files that offers component main of a
# whole suite (not -updates, -security or a flat repository). The keyring is empty where the entry
# names none. Reads one-line .list files and deb822 .sources files, see sources.list(5).

function candidate(types, uris, suites, comps, key,    u, n, i)
{
	if ((" " types " ") !~ / deb(-src)? / || (" " comps " ") !~ / main / || suites ~ /\/$/)
		return
	# "a b-updates c" offers whole suites, "b-security" alone does not.
	if ((" " suites " ") !~ / [^- ]+ /)
		return
	if (key !~ /^\//)
		key = ""
	n = split(uris, u, " ")
	for (i = 1; i <= n; i++)
		if (u[i] !~ /^(cdrom|file|copy):/ && !seen[u[i]]++)
			print u[i] "\t" key
}

function flush_stanza()
{
	if (tolower(f["enabled"]) != "no")
		candidate(f["types"], f["uris"], f["suites"], f["components"], f["signed-by"])
	split("", f)
	field = ""
}

FNR == 1 { flush_stanza() }

FILENAME ~ /\.sources$/ && /^#/ { next }
FILENAME ~ /\.sources$/ && /^[ \t]*$/ { flush_stanza(); next }
FILENAME ~ /\.sources$/ && /^[ \t]/ {
	if (field != "")
		f[field] = f[field] " " $0
	next
}
FILENAME ~ /\.sources$/ {
	field = tolower(substr($0, 1, index($0, ":") - 1))
	f[field] = substr($0, index($0, ":") + 1)
	gsub(/^[ \t]+|[ \t]+$/, "", f[field])
	next
}

$1 == "deb" || $1 == "deb-src" {
	line = $0
	sub(/[ \t]*#.*/, "", line)
	key = ""
	if (match(line, /\[[^]]*\]/)) {
		opts = substr(line, RSTART + 1, RLENGTH - 2)
		line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
		if (match(opts, /signed-by=[^ \t]+/))
			key = substr(opts, RSTART + 10, RLENGTH - 10)
	}
	n = split(line, w, " ")
	comps = ""
	for (i = 4; i <= n; i++)
		comps = comps " " w[i]
	candidate(w[1], w[2], w[3], comps, key)
}

END { flush_stanza() }

# Prints the strings and numbers of a JSON text whose path matches the variable `want`, decoded, one after another.
# The path of a value is the names on the way to it joined by "/", with the index for members of a list. A program given
# to awk after this one finds every value in `values`, by its path.
{ text = text $0 "\n" }

END {
  at = 1
  value("")
}

function value(path,    c) {
  space()
  c = substr(text, at, 1)
  if (c == "{") members(path, "}")
  else if (c == "[") members(path, "]")
  else if (c == "\"") show(path, string())
  else if (match(substr(text, at), /^[-+.0-9A-Za-z]+/)) {
    show(path, substr(text, at, RLENGTH))
    at += RLENGTH
  } else fail()
}

function members(path, closing,    name, count) {
  at++
  space()
  if (path != "") path = path "/"
  while (substr(text, at, 1) != closing) {
    name = count++
    if (closing == "}") {
      name = string()
      space()
      if (substr(text, at++, 1) != ":") fail()
    }
    value(path name)
    space()
    if (substr(text, at, 1) == ",") at++
    else if (substr(text, at, 1) != closing) fail()
    space()
  }
  at++
}

function string(    result, c) {
  if (substr(text, at++, 1) != "\"") fail()
  while ((c = substr(text, at++, 1)) != "\"") {
    if (c == "") fail()
    if (c == "\\") c = escape(substr(text, at++, 1))
    result = result c
  }
  return result
}

function escape(c) {
  if (c == "n") return "\n"
  if (c == "t") return "\t"
  if (c == "r") return "\r"
  if (c == "b") return "\b"
  if (c == "f") return "\f"
  if (c != "u") return c
  at += 4
  return utf8(hex(substr(text, at - 4, 4)))
}

# Halves of characters beyond the first 65,536 come out as "?": names and keys have none.
function utf8(code) {
  if (code < 128) return sprintf("%c", code)
  if (code < 2048) return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
  if (code >= 55296 && code < 57344) return "?"
  return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
}

function hex(digits,    i, result) {
  for (i = 1; i <= length(digits); i++) result = result * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
  return result + 0
}

function show(path, decoded) {
  values[path] = decoded
  if (path !~ want) return
  sub(/\n$/, "", decoded)
  print decoded
}

function space() {
  while (index(" \t\r\n", substr(text, at, 1)) && at <= length(text)) at++
}

function fail() {
  print "json.awk: not JSON at character " at > "/dev/stderr"
  exit 1
}

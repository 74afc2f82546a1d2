#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A kernel without amt, like Debian's: amtd runs, and reports what is missing.
#
# kernel: bare

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

internet 0
write_gateway amt1 $RELAY
amtd_start gateway

step "create fails with a reason and leaves nothing"
errors_of gateway create amt0 --link g0 --relay $RELAY
expect "exit status" 1 "$STATUS"
expect "lines on stderr" 1 "$(wc -l <<<"$ERROR")"
expect_match "the message" CONFIG_AMT "$ERROR"
[ ! -e "$TMP/gateway/run/amt/amt0.amt" ] || fail "create left a device file"
errors_of gateway status amt0
expect "exit status of status" 3 "$STATUS"

step "a device of a file has failed with a reason"
expect "state" failed "$(device gateway amt1 .state)"
expect_match "reason" CONFIG_AMT "$(device gateway amt1 .reason)"
expect_match "text status" CONFIG_AMT "$(ctl gateway status amt1)"
expect_match "list" failed "$(ctl gateway list)"
expect_match "the log" CONFIG_AMT "$(amtd_log gateway)"

step "the same for a relay device"
errors_of gateway create amtr --link g0 --mode relay
expect "exit status" 1 "$STATUS"
expect_match "the message" CONFIG_AMT "$ERROR"

step "amtd keeps running, and seldom repeats the log message"
sleep 600
lines=$(amtd_log gateway | grep -c CONFIG_AMT)
[ "$lines" -le 20 ] || fail "$lines lines in ten minutes"
amtd_stop gateway

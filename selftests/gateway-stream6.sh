#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An IPv6 stream, joined with MLD, reaches an application through a gateway; see gateway-stream4.

export FAMILY=6
# shellcheck source=selftests/gateway-stream4.sh
. "$(dirname "$0")/gateway-stream4.sh"

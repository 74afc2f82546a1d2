/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "device/state.h"

const char *device_state_string(enum device_state state)
{
	static const char *const names[_DEVICE_STATE_MAX] = {
		[DEVICE_WAITING] = "waiting",	      [DEVICE_FAILED] = "failed",
		[DEVICE_DISCOVERING] = "discovering", [DEVICE_CONNECTED] = "connected",
		[DEVICE_SUSPECT] = "suspect",	      [DEVICE_FAILING_OVER] = "failing-over",
		[DEVICE_NO_RELAY] = "no-relay",	      [DEVICE_RUNNING] = "running",
	};

	return names[state];
}

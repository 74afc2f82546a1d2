# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for amtctl(1); verbs and options come from `amtctl --help`.

_amtctl() {
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' i words

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		list | status | create | delete | join | leave | channels | reload | upstream | report | \
			cat | probe | resolve | zone | monitor | wait-online | help)
			verb=${COMP_WORDS[i]}
			break
			;;
		esac
	done

	case $previous in
	--link | --on | --upstream | --downstream | --alternative)
		words=$(command ls /sys/class/net 2>/dev/null)
		;;
	--mode)
		words='gateway relay proxy'
		;;
	--on-failure)
		words='accept drop'
		;;
	--json)
		words='pretty short off'
		;;
	--anycast)
		words='yes no'
		;;
	--dnssec)
		words='no allow-downgrade yes'
		;;
	--bus | --trust-anchor)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	*)
		if [[ $word == -* ]]; then
			words=$(amtctl --no-pager --help 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p')
		elif [[ -z $verb || $verb == help ]]; then
			words='list status create delete join leave channels reload upstream report cat probe resolve zone monitor wait-online help'
		elif [[ $verb == upstream && $previous == upstream ]]; then
			words=$(command ls /sys/class/net 2>/dev/null)
		elif [[ $verb =~ ^(list|status|delete|cat|monitor|upstream|wait-online)$ ]]; then
			words=$(amtctl --no-pager --no-legend list 2>/dev/null | cut -d' ' -f1)
		elif [[ $verb =~ ^(leave|channels)$ ]]; then
			words=$(amtctl --no-pager --no-legend channels 2>/dev/null | cut -d' ' -f1)
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _amtctl amtctl

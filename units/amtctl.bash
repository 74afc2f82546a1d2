# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for amtctl(1); verbs, options and their values come from `amtctl --complete`.

_amtctl_words() {
	amtctl --complete "$1" 2>/dev/null
}

_amtctl_verb() {
	local verb i

	for ((i = 1; i < COMP_CWORD; i++)); do
		for verb in $(_amtctl_words ''); do
			if [[ ${COMP_WORDS[i]} == "$verb" ]]; then
				echo "$verb"
				return
			fi
		done
	done
}

_amtctl() {
	local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb words=''

	COMPREPLY=()
	case $previous in
	--bus | --trust-anchor)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--*)
		words=$(_amtctl_words "$previous")
		;;
	esac

	verb=$(_amtctl_verb)
	if [[ -n $words ]]; then
		: # the values of an option
	elif [[ $word == -* ]]; then
		words=$(_amtctl_words -)
	elif [[ -z $verb || $verb == help ]]; then
		words=$(_amtctl_words '')
	elif [[ $verb == upstream && $previous == upstream ]]; then
		words=$(_amtctl_words --link)
	elif [[ $verb =~ ^(list|status|delete|cat|monitor|upstream|wait-online)$ ]]; then
		words=$(amtctl --no-pager --no-legend list 2>/dev/null | cut -d' ' -f1)
	elif [[ $verb =~ ^(leave|channels)$ ]]; then
		words=$(amtctl --no-pager --no-legend channels 2>/dev/null | cut -d' ' -f1)
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _amtctl amtctl

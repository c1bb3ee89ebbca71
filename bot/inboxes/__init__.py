"""Every inbox of `channels.yml` opened: one module a channel, the list of them in `opening`."""

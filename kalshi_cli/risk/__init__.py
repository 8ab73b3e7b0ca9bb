"""Controls: what may stop an order before it is sent. One file each; all on."""

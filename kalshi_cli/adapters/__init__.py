"""Everything that touches the world: each adapter implements ports and knows no other adapter."""
